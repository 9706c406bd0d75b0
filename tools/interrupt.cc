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
  struct sigaction action = {};  // without SA_RESTART: a read that waits for input ends, with EINTR
  action.sa_handler = handle;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interrupt::asked() const {
  return was_asked != 0;
}

}  // namespace windrow::tools
