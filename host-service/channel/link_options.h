// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace hypertier::channel {

// How a link behaves. An honest agent says at most 10 reports, 1 hello and 1 failed command a second, some 300 bytes
// each.
struct LinkOptions {
  // For the guest's log.
  std::string host_version;
  // Asked of the agent.
  std::chrono::milliseconds report_interval{1000};
  // Between two HostHello or two SetBalloons that nobody answers.
  std::chrono::milliseconds repeat{1000};
  // Then LinkDown says that nobody answers.
  std::chrono::milliseconds silence{10000};
  // Until a guest that speaks none of our versions is asked again.
  std::chrono::milliseconds refused_retry{60000};

  // Rates that a guest may use. Over them we stop reading until a quarter of the burst is there again.
  double bytes_per_second = 64 * 1024;
  double burst_bytes = 160 * 1024;
  double frames_per_second = 20;
  double burst_frames = 40;
  // AgentStarted and changed GuestHello, each of which is an event for the host; over it the link is reset.
  double starts_per_second = 0.5;
  double burst_starts = 10;
  // A guest that has not kept below the rates for so long is flooding: the link is reset.
  std::chrono::milliseconds flood{5000};
  // A frame must be complete within this.
  std::chrono::milliseconds unfinished{5000};

  // Pause before connecting anew, doubled each time from the first to the longest; starts over when a link has been up
  // for `steady`.
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause{5000};
  std::chrono::milliseconds steady{10000};
};

}  // namespace hypertier::channel
