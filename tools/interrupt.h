#pragma once

namespace windrow::tools {

// While one of these lives, Ctrl-C and a request to terminate are answered by asked(), so that a long piece
// of work can end itself and remove its temporary file. A second signal ends the process at once.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool asked() const;
};

}  // namespace windrow::tools
