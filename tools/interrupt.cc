#include "interrupt.h"

#include <csignal>

namespace windrow::tools {

namespace {

volatile std::sig_atomic_t was_asked = 0;

void handle(int signal) {
  was_asked = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

Interrupt::Interrupt() {
  was_asked = 0;
  std::signal(SIGINT, handle);
  std::signal(SIGTERM, handle);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interrupt::asked() const {
  return was_asked != 0;
}

}  // namespace windrow::tools
