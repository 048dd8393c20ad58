// SPDX-License-Identifier: Apache-2.0
//
// The agent's end of the protocol against a host that says anything. Input: steps, each an opcode byte and what belongs
// to it.
#include <google/protobuf/stubs/logging.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <string>

#include "common/frame.h"
#include "guest-agent/session/fake_guest.h"
#include "guest-agent/session/session.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  // protobuf logs each string that is no UTF-8.
  google::protobuf::SetLogHandler(nullptr);
  spdlog::set_level(spdlog::level::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hypertier;
  fuzz::Input input(data, size);
  agent::FakeGuest guest;
  agent::Session session({"version", "kernel", "boot"}, guest);
  agent::Time now = agent::Time() + std::chrono::hours(1);
  session.Start(now);
  while (!input.empty()) {
    const std::uint8_t step = input.Byte();
    switch (step % 8) {
      case 0:
      case 1:  // bytes as they are
        session.Receive(now, input.Take(input.Byte()));
        break;
      case 2:
      case 3:  // bytes well framed
        session.Receive(now, EncodeFrame(input.Take(input.Byte())));
        break;
      case 4:
        now += std::chrono::milliseconds(std::uint64_t{input.Byte()} << (step / 8 % 8));
        session.Tick(now);
        break;
      case 5:
        session.Consume(session.output().size() * input.Byte() / 255);
        break;
      case 6:
        session.Changed(now);
        break;
      case 7:
        if (step == 7) session.Disconnected();
        if (step == 15) session.Start(now);
        if (step == 23) guest.balloons = absl::NotFoundError("gone");
        if (step == 31) guest.balloons = absl::OkStatus();
        if (step == 39) guest.commands = absl::InternalError("broken");
        break;
    }
    fuzz::Require(session.output().size() <= 8192, "what the host does not read does not pile up");
  }
  // However it came to this, the session neither spins nor sleeps for ever once it is open.
  session.Consume(session.output().size());
  int turns = 0;
  for (const agent::Time end = now + std::chrono::seconds(10); session.NextDeadline() <= end; ++turns) {
    now = std::max(now, session.NextDeadline());
    session.Tick(now);
    session.Consume(session.output().size());
    fuzz::Require(turns < 300, "the session does not spin");
  }
  fuzz::Require(!session.open() || session.NextDeadline() != agent::Time::max(), "an open session reports");
  return 0;
}
