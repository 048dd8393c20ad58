// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/system/stop_signals.h"

#include <sys/signalfd.h>

#include <csignal>

namespace hypertier::agent {

UniqueFd StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return UniqueFd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

}  // namespace hypertier::agent
