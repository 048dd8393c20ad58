// SPDX-License-Identifier: Apache-2.0
//
// The host's end of the protocol against a guest that says anything, in any pieces, at any time. Input: steps, each an
// opcode byte and what belongs to it.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>

#include "common/frame.h"
#include "host-service/channel/agent_link.h"
#include "tests/fuzz/input.h"

namespace hypertier::channel {
namespace {

using fuzz::Require;

// Session numbers count from 1 here, so that an input can know them.
constexpr std::uint64_t kFirstSession = 1;

void RequireClean(const std::string& text, std::size_t limit) {
  Require(text.size() <= limit, "strings are bounded");
  for (const unsigned char c : text) Require(c >= 0x20 && c != 0x7f, "strings have no control characters");
}

// Checks the promises of AgentEvents.
class Checker final : public AgentEvents {
 public:
  void LinkUp(const std::string&, const agent::v1::GuestHello& hello) override {
    Require(hello.version() == 1, "a link is up with a version that both ends speak");
    const auto& features = hello.features();
    Require(std::ranges::adjacent_find(features, std::greater_equal()) == features.end() &&
                std::ranges::all_of(features, agent::v1::Feature_IsValid),
            "only known features, once");
    RequireClean(hello.agent_version(), 64);
    RequireClean(hello.kernel_release(), 128);
    RequireClean(hello.boot_id(), 64);
    RequireClean(hello.balloons_unavailable(), 256);
    up = true;
    balloons = std::ranges::find(features, agent::v1::FEATURE_BALLOONS) != features.end();
  }
  void ReportArrived(const std::string&, const agent::v1::Report& report, Time) override {
    Require(up, "reports only while the link is up");
    Require(report.tiers_size() <= 2, "one entry a tier");
    Require(balloons || report.tiers_size() == 0, "no balloon figures without balloons");
    ++reports;
  }
  void CommandFailed(const std::string&, std::uint64_t, const std::string& reason) override {
    Require(up, "failures only while the link is up");
    RequireClean(reason, 256);
  }
  void LinkDown(const std::string&, const std::string& reason) override {
    RequireClean(reason, 512);
    up = false;
  }
  void LinkReset(const std::string&, const std::string& reason) override {
    RequireClean(reason, 512);
    up = false;
    ++resets;
  }

  bool up = false;
  bool balloons = false;
  int reports = 0;
  int resets = 0;
};

int Run(fuzz::Input input) {
  const LinkOptions options;
  Checker events;
  std::uint64_t sessions = kFirstSession - 1;
  const AgentLink::SessionSource source = [&] { return ++sessions; };
  AgentLink link("vm", options, events, source);
  Time now = Time() + std::chrono::hours(1);
  link.Connected(now);
  bool connected = true;
  const Time begin = now;
  const auto close = [&](const absl::Status& status) {
    if (status.ok()) return;
    Require(events.resets > 0 && !events.up, "bad input is told");
    Require(link.buffer_capacity() <= 1024, "a dropped link holds no buffers");
    connected = false;
  };
  const auto receive = [&](std::string_view bytes) {
    while (connected && !bytes.empty()) {
      const std::size_t most = std::min(bytes.size(), link.ReadAllowance());
      if (most == 0) return;
      close(link.Receive(now, bytes.substr(0, most)));
      bytes.remove_prefix(most);
    }
  };
  while (!input.empty()) {
    const std::uint8_t step = input.Byte();
    switch (step % 8) {
      case 0:
      case 1:  // bytes as they are
        receive(input.Take(input.Byte()));
        break;
      case 2:
      case 3:  // bytes well framed, some of them many times
      {
        const std::string frame = EncodeFrame(input.Take(input.Byte()));
        for (int i = 0; i <= (step == 10 ? 100 : 0); ++i) receive(frame);
        break;
      }
      case 4:
        now += std::chrono::milliseconds(std::uint64_t{input.Byte()} << (step / 8 % 8));
        if (connected) close(link.Tick(now));
        break;
      case 5:
        link.Consume(link.output().size() * input.Byte() / 255);
        break;
      case 6: {
        agent::v1::SetBalloons command;
        command.set_generation(step);
        link.SetBalloons(now, command);
        if (step == 6) link.Rediscard();
        break;
      }
      case 7:
        if (connected && step == 7) {
          link.Disconnected("cut");
          Require(!events.up, "a cut link is down");
          connected = false;
        }
        if (!connected) {
          link.Connected(now);
          connected = true;
        }
        break;
    }
    Require(link.output().size() <= 1024, "one message of output");
    Require(link.buffer_capacity() <= 4 * (kFrameHeader + kMaxFramePayload), "input is bounded");
  }
  const double seconds = std::chrono::duration<double>(now - begin).count();
  Require(events.reports <= options.burst_frames + options.frames_per_second * seconds + 1, "the rate limit holds");
  return 0;
}

}  // namespace
}  // namespace hypertier::channel

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  // protobuf logs each string that is no UTF-8.
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return hypertier::channel::Run(hypertier::fuzz::Input(data, size));
}
