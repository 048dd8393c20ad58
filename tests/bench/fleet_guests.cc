// SPDX-License-Identifier: Apache-2.0
//
// fleet_guests FOLDER COUNT: the guests' ends of COUNT agent channels, each with the real agent's session behind it, on
// sockets FOLDER/0 to FOLDER/COUNT-1; until SIGTERM.
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "host-service/channel/fake_guests.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: fleet_guests FOLDER COUNT\n");
    return 2;
  }
  // A listening socket and a client each.
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigaddset(&end, SIGINT);
  sigprocmask(SIG_BLOCK, &end, nullptr);

  using hypertier::channel::FakeGuests;
  const std::vector<FakeGuests::Kind> kinds(std::strtoul(argv[2], nullptr, 10), FakeGuests::Kind::kHonest);
  const FakeGuests guests(argv[1], kinds, std::chrono::milliseconds(50));
  int signal = 0;
  sigwait(&end, &signal);
}
