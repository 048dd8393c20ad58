// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/frame.h"
#include "guest-agent/session/guest.h"
#include "guest-agent/session/log_limit.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::agent {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

// Who the agent is; sent in GuestHello.
struct Identity {
  std::string agent_version;
  std::string kernel_release;
  std::string boot_id;
};

// The guest's end of the protocol in agent.proto: bytes in, bytes out, the time passed in, no I/O of its own.
//
// The host may vanish, restart, or send anything; the session then waits for the next HostHello, and says now and then
// that it is there. Nothing is queued behind bytes that the host does not take: a report that cannot leave is not made.
class Session {
 public:
  // Least time between two reports.
  static constexpr std::chrono::milliseconds kReportGap{100};
  // An answer to the same HostHello is not repeated within this: the port may deliver a minute's worth of them at once.
  static constexpr std::chrono::milliseconds kHelloGap{500};
  // Between two AgentStarted while no host speaks to us.
  static constexpr std::chrono::seconds kStartedInterval{5};
  // Between two looks for balloons while there are none.
  static constexpr std::chrono::seconds kProbeInterval{3};

  Session(Identity identity, Guest& guest) : identity_(std::move(identity)), guest_(guest) {}

  // The port is open and this agent has just taken it over.
  void Start(Time now);

  // The host has gone from the port: whatever was under way is void.
  void Disconnected();

  // What the port delivered.
  void Receive(Time now, std::string_view bytes);

  // Something about the balloons has changed.
  void Changed(Time now);

  // Does what is due; call when NextDeadline() has come, and may be called at any time.
  void Tick(Time now);

  // Time::max() when nothing will be due. While output() waits to be taken nothing is due.
  Time NextDeadline() const;

  // Bytes for the host; the first `count` have been taken by the port.
  std::string_view output() const { return std::string_view(out_).substr(taken_); }
  void Consume(std::size_t count);

  bool open() const { return state_ == State::kOpen; }

 private:
  enum class State {
    kWaiting,  // no HostHello yet, or the host has gone
    kOpen,     // in a session
    kRefused,  // the host has ended the session, or we have no version in common; only a HostHello helps
  };

  void Handle(Time now, const v1::HostMessage& message);
  void HandleHello(Time now, std::uint64_t session, const v1::HostHello& hello);
  void HandleSetBalloons(const v1::SetBalloons& command);
  void HandleRediscard();
  void HandleRefuse(Time now, const v1::Refuse& refuse);

  // Sends GuestHello again when what the last one said about the balloons is no longer so.
  void AnnounceChange(Time now, const absl::Status& balloons);
  void SendHello(Time now, const absl::Status& balloons);
  void SendReport(Time now);
  void SendFailure(std::uint64_t generation, const absl::Status& status);
  void Send(v1::GuestMessage message);
  bool balloons_in_use() const { return host_wants_balloons_ && had_balloons_; }

  const Identity identity_;
  Guest& guest_;
  FrameDecoder decoder_{FrameDecoder::Mode::kSeek};
  std::string out_;
  std::size_t taken_ = 0;

  State state_ = State::kWaiting;
  std::uint64_t session_ = 0;
  std::uint32_t version_ = 0;
  bool host_wants_balloons_ = false;
  bool host_wants_placement_ = false;
  std::chrono::milliseconds interval_{1000};

  // Whether the last GuestHello offered balloons.
  bool had_balloons_ = false;
  std::uint64_t last_generation_ = 0;
  std::optional<Time> hello_sent_;
  std::optional<Time> report_sent_;
  Time started_due_ = Time::max();
  Time report_due_ = Time::max();
  Time probe_due_ = Time::max();
  LogLimit garbage_log_;
  LogLimit command_log_;
};

}  // namespace hypertier::agent
