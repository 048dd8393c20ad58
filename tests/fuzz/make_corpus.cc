// SPDX-License-Identifier: Apache-2.0
//
// Writes the seed corpus: for each target, inputs that get it past its first checks.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "common/frame.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::fuzz {
namespace {

using agent::v1::GuestMessage;
using agent::v1::HostMessage;

std::filesystem::path g_folder;

void Write(const char* target, const char* name, const std::string& bytes) {
  std::filesystem::create_directories(g_folder / target);
  std::ofstream(g_folder / target / name, std::ios::binary) << bytes;
}

// A step of channel_fuzz and session_fuzz.
std::string Step(int opcode) {
  return std::string(1, static_cast<char>(opcode));
}
std::string Step(int opcode, int argument) {
  return Step(opcode) + Step(argument);
}
std::string Framed(const google::protobuf::Message& message, int opcode = 2) {
  const std::string payload = message.SerializeAsString();
  return Step(opcode, static_cast<int>(payload.size())) + payload;
}
std::string Raw(const std::string& bytes) {
  return Step(0, static_cast<int>(bytes.size())) + bytes;
}

const std::string kTakeOutput = Step(5, 255);
const std::string kASecond = Step(4 + 8 * 3, 125);

GuestMessage GuestHello(std::uint64_t session, bool balloons) {
  GuestMessage message;
  message.set_session(session);
  message.mutable_hello()->set_version(1);
  message.mutable_hello()->set_min_version(1);
  message.mutable_hello()->set_max_version(1);
  if (balloons) message.mutable_hello()->add_features(agent::v1::FEATURE_BALLOONS);
  message.mutable_hello()->set_agent_version("0.1.0");
  message.mutable_hello()->set_kernel_release("6.1.0-\x1b[1m");
  message.mutable_hello()->set_boot_id("01234567-89ab");
  return message;
}

GuestMessage Report(std::uint64_t session, std::uint64_t generation) {
  GuestMessage message;
  message.set_session(session);
  auto& report = *message.mutable_report();
  report.set_generation(generation);
  report.set_source(agent::v1::Report::SOURCE_AGENT);
  for (const auto tier : {agent::v1::TIER_FMEM, agent::v1::TIER_SMEM}) {
    auto& to = *report.add_tiers();
    to.set_tier(tier);
    to.set_present_bytes(1 << 30);
    to.set_balloon_bytes(1 << 28);
    to.set_state(agent::v1::TierReport::STATE_IDLE);
  }
  return message;
}

HostMessage HostHello(std::uint64_t session, std::uint32_t min, std::uint32_t max) {
  HostMessage message;
  message.set_session(session);
  message.mutable_hello()->set_min_version(min);
  message.mutable_hello()->set_max_version(max);
  message.mutable_hello()->add_features(agent::v1::FEATURE_BALLOONS);
  message.mutable_hello()->set_report_interval_ms(1000);
  message.mutable_hello()->set_host_version("0.1.0");
  return message;
}

void WriteChannel() {
  const std::string greeted = Step(4, 1) + kTakeOutput;
  const std::string up = greeted + Framed(GuestHello(1, true));
  GuestMessage started;
  started.mutable_agent_started();
  GuestMessage failed;
  failed.set_session(1);
  failed.mutable_command_failed()->set_generation(6);
  failed.mutable_command_failed()->set_reason("out of\nrange");
  GuestMessage refused = GuestHello(1, true);
  refused.mutable_hello()->set_version(0);
  GuestMessage both = GuestHello(1, true);
  both.mutable_hello()->add_features(agent::v1::FEATURE_PLACEMENT);
  GuestMessage twice = Report(1, 1);
  *twice.mutable_report()->add_tiers() = twice.report().tiers(0);

  Write("channel", "up-and-reports", up + Framed(Report(1, 0)) + kASecond + Framed(Report(1, 1)));
  Write("channel", "all-features", greeted + Framed(both) + Framed(Report(1, 0)));
  Write("channel", "set-balloons", up + Step(6) + kASecond + kTakeOutput + kASecond + Framed(Report(1, 6)) + kASecond);
  Write("channel", "command-failed", up + Step(6) + kASecond + kTakeOutput + Framed(failed));
  Write("channel", "agent-restart",
        up + Framed(started) + kASecond + kTakeOutput + Framed(GuestHello(2, false)) + Framed(GuestHello(2, true)));
  Write("channel", "module-comes", greeted + Framed(GuestHello(1, false)) + Framed(GuestHello(1, true)));
  Write("channel", "no-common-version",
        greeted + Framed(refused) + kASecond + kTakeOutput + Step(4 + 8 * 7, 255) + Step(4 + 8 * 7, 255) + kTakeOutput);
  Write("channel", "burst", up + Framed(Report(1, 0), 10) + kASecond + kASecond + Framed(Report(1, 0), 10));
  Write("channel", "stale-tail",
        greeted + Raw(EncodeFrame(Report(9, 1).SerializeAsString()).substr(20, 60)) + Framed(Report(9, 1)) +
            Framed(GuestHello(1, true)));
  Write("channel", "tier-twice", up + Framed(twice));
  Write("channel", "unfinished", up + Raw(EncodeFrame("12345678").substr(0, 15)) + Step(4 + 8 * 7, 255));
  Write("channel", "wrong-direction", up + Framed(HostHello(1, 1, 1)));
  Write("channel", "reconnect", up + Step(7) + Step(4, 1) + kTakeOutput + Framed(GuestHello(2, true)));
}

void WriteSession() {
  const std::string open = Step(4, 1) + kTakeOutput + Framed(HostHello(7, 1, 1)) + kTakeOutput;
  HostMessage set;
  set.set_session(7);
  set.mutable_set_balloons()->set_generation(3);
  set.mutable_set_balloons()->set_fmem_balloon_bytes(1 << 20);
  HostMessage rediscard;
  rediscard.set_session(7);
  rediscard.mutable_rediscard();
  HostMessage refuse;
  refuse.set_session(7);
  refuse.mutable_refuse()->set_reason("too old\n");
  Write("session", "open-and-report", open + kASecond + kTakeOutput + Step(6) + kASecond + kTakeOutput);
  Write("session", "set-balloons", open + Framed(set) + Framed(set) + Framed(rediscard) + kASecond + kTakeOutput);
  Write("session", "command-fails", open + Step(39) + Framed(set) + Framed(rediscard) + kTakeOutput);
  Write("session", "module-goes-and-comes",
        open + Step(23) + kASecond + kTakeOutput + Step(31) + kASecond + Framed(set));
  Write("session", "refused", open + Framed(refuse) + kASecond + Framed(HostHello(8, 1, 9)) + kASecond);
  Write("session", "no-common-version", Framed(HostHello(7, 2, 3)) + kASecond);
  Write("session", "host-restarts", open + Step(7) + kASecond + Framed(HostHello(8, 1, 1)) + Framed(set));
  Write("session", "stale-tail", Raw(EncodeFrame(set.SerializeAsString()).substr(5)) + Framed(HostHello(7, 1, 1)));
}

void WriteFrame() {
  const auto pieces = [](int mode, const std::string& stream, std::size_t piece) {
    std::string input = Step(mode);
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      const std::string part = stream.substr(at, piece);
      input += Step(static_cast<int>(part.size())) + part;
    }
    return input;
  };
  const std::string two = EncodeFrame("hello") + EncodeFrame("");
  const std::string nested = EncodeFrame("before " + EncodeFrame("inner") + " after");
  Write("frame", "strict-whole", pieces(1, two, 60));
  Write("frame", "strict-bytes", pieces(1, two, 1));
  Write("frame", "seek-tail", pieces(0, EncodeFrame("cut off").substr(3) + two, 7));
  Write("frame", "seek-head", pieces(0, EncodeFrame("cut off").substr(0, 15) + two, 5));
  Write("frame", "seek-nested", pieces(0, nested, 9));
  Write("frame", "seek-headers",
        pieces(0, std::string("HTF1\0\1\0\0crc?", 12) + std::string("HTF1\0\0\1\0crc?", 12) + two, 60));
}

void WriteSnapshot() {
  const std::string top =
      "abi 1\ngeneration 7\nsource agent\ntransport reporting\nisolate 1\nrediscards 2\noom_deflates 3\n"
      "oom_deflated_bytes 8388608\nbroken 0\n";
  const auto tier = [](const std::string& name) {
    return name + ".node 0\n" + name + ".present_bytes 536870912\n" + name + ".free_bytes 1048576\n" + name +
           ".balloon_target_bytes 4194304\n" + name + ".balloon_bytes 2097152\n" + name + ".shortfall_bytes 0\n" +
           name + ".state inflating\n";
  };
  Write("snapshot", "two-tiers", top + tier("fmem") + tier("smem"));
  Write("snapshot", "one-tier", top + tier("fmem"));
  Write("snapshot", "unknown-keys", top + "new thing\nxmem.node 4\nfmem.new 1\n");
  Write("snapshot", "other-abi", "abi 2\n");
  Write("snapshot", "malformed", "abi 1\ngeneration 99999999999999999999\n");
}

// Bytes as guest-agent/ranges/operations.cc takes them.
void WriteClassifier() {
  const auto bytes = [](std::initializer_list<int> list) {
    std::string input;
    for (const int byte : list) input += Step(byte);
    return input;
  };
  // One process with 128 MiB at the second place; FMEM of 64 MiB, all of it used.
  const std::string map = bytes({0, 1, 1, 1, 0, 0, 128, 20, 1});
  const std::string rooms = bytes({6, 8, 0, 64, 2, 0});
  const std::string measure = bytes({5, 1});
  const std::string plan = bytes({8, 1});
  const std::string second = bytes({3, 250, 2, 0});
  const auto hot = [&](int offset) { return bytes({2, 12, 200, 1, 1, offset, 0, 1, 0, 1}); };
  Write("classifier", "hot-and-cold", map + rooms + plan + measure + hot(2) + second + plan + hot(2) + second + plan);
  Write("classifier", "hot-moves", map + rooms + hot(0) + second + plan + measure + hot(5) + second + plan + plan);
  Write("classifier", "process-goes", map + hot(1) + plan + bytes({1, 1}) + plan + map + plan);
  Write("classifier", "deferred", map + rooms + plan + measure + hot(2) + second + bytes({7, 1, 1, 2, 0}) + plan);
}

}  // namespace
}  // namespace hypertier::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus FOLDER\n");
    return 2;
  }
  using namespace hypertier::fuzz;
  g_folder = argv[1];
  WriteChannel();
  WriteSession();
  WriteFrame();
  WriteSnapshot();
  WriteClassifier();
}
