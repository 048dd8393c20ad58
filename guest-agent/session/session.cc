// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/session/session.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "guest-agent/session/report.h"
#include "guest-agent/system/log_event.h"

namespace hypertier::agent {
namespace {

// This agent speaks agent.proto's version 1 only.
constexpr std::uint32_t kMinVersion = 1;
constexpr std::uint32_t kMaxVersion = 1;

// Bounds that agent.proto sets for strings.
constexpr std::size_t kVersionLimit = 64;
constexpr std::size_t kKernelLimit = 128;
constexpr std::size_t kReasonLimit = 256;
constexpr std::size_t kBootIdLimit = 64;

// Answers are dropped rather than queued beyond this; the host asks again.
constexpr std::size_t kMaxOutput = 4096;

constexpr std::chrono::milliseconds kMinInterval{100};
constexpr std::chrono::milliseconds kMaxInterval{60000};

}  // namespace

void Session::Start(Time now) {
  Disconnected();
  started_due_ = now;
}

void Session::Disconnected() {
  decoder_.Reset();
  out_.clear();
  taken_ = 0;
  state_ = State::kWaiting;
  session_ = 0;
  hello_sent_.reset();
  started_due_ = report_due_ = probe_due_ = Time::max();
}

void Session::Receive(Time now, std::string_view bytes) {
  decoder_.Append(bytes);
  while (true) {
    const auto next = decoder_.Next();
    if (!next.ok()) {
      if (garbage_log_.Allow(now))
        LogEvent(spdlog::level::warn, "port_garbage", "port: {}; dropped ({} times)", ToString(next.status().message()),
                 garbage_log_.count());
      decoder_.Reset();
      return;
    }
    if (!next->has_value()) return;
    v1::HostMessage message;
    if (message.ParseFromString(**next)) {
      Handle(now, message);
    } else if (garbage_log_.Allow(now)) {
      LogEvent(spdlog::level::warn, "port_garbage", "port: a frame holds no message; dropped ({} times)",
               garbage_log_.count());
    }
  }
}

void Session::Handle(Time now, const v1::HostMessage& message) {
  if (message.session() == 0) return;
  if (message.has_hello()) return HandleHello(now, message.session(), message.hello());
  // Anything else belongs to a session; what does not is left over from an older one.
  if (message.session() != session_) return;
  if (message.has_refuse()) return HandleRefuse(now, message.refuse());
  if (state_ != State::kOpen) return;
  if (message.has_set_balloons()) return HandleSetBalloons(message.set_balloons());
  if (message.has_rediscard()) return HandleRediscard();
  if (message.has_limit_moves()) return guest_.LimitMoves(Bytes(message.limit_moves().bytes_per_second()));
}

void Session::HandleHello(Time now, std::uint64_t session, const v1::HostHello& hello) {
  if (session == session_ && hello_sent_ && now - *hello_sent_ < kHelloGap) return;
  // Without room for the answer there is no session; the host asks again.
  if (output().size() > kMaxOutput) return;
  const bool fresh = session != session_;
  session_ = session;
  started_due_ = Time::max();
  version_ = std::min(hello.max_version(), kMaxVersion);
  if (version_ < std::max(hello.min_version(), kMinVersion)) version_ = 0;
  host_wants_balloons_ = std::ranges::find(hello.features(), v1::FEATURE_BALLOONS) != hello.features().end();
  host_wants_placement_ = std::ranges::find(hello.features(), v1::FEATURE_PLACEMENT) != hello.features().end();
  interval_ = std::clamp(std::chrono::milliseconds(hello.report_interval_ms()), kMinInterval, kMaxInterval);

  if (version_ == 0) {
    state_ = State::kRefused;
    report_due_ = probe_due_ = Time::max();
    if (command_log_.Allow(now)) {
      LogEvent(spdlog::level::err, "session_refused",
               "host speaks protocol versions {} to {}, this agent {} to {}: update the older of the two",
               hello.min_version(), hello.max_version(), kMinVersion, kMaxVersion);
    }
  } else {
    state_ = State::kOpen;
    report_due_ = now;
    if (fresh)
      LogEvent(spdlog::level::info, "session_open", "session with hypertierd {}, protocol version {}",
               BoundedText(hello.host_version(), kVersionLimit), version_);
  }
  SendHello(now, guest_.Balloons().status());
}

void Session::HandleSetBalloons(const v1::SetBalloons& command) {
  PerTier<std::optional<Bytes>> balloons;
  if (command.has_fmem_balloon_bytes()) balloons.fmem() = Bytes(command.fmem_balloon_bytes());
  if (command.has_smem_balloon_bytes()) balloons.smem() = Bytes(command.smem_balloon_bytes());
  const bool fresh = command.generation() != last_generation_;
  last_generation_ = command.generation();

  absl::Status status;
  if (!balloons_in_use()) {
    status = absl::FailedPreconditionError("the balloons are not in use in this session");
  } else if (command.generation() == 0) {
    status = absl::InvalidArgumentError("SetBalloons with generation 0");
  } else {
    status = guest_.SetBalloons(command.generation(), balloons);
  }
  if (!status.ok()) SendFailure(command.generation(), status);
  if (!fresh) return;
  const auto show = [](const std::optional<Bytes>& bytes) { return bytes ? FormatBytes(*bytes) : "as it is"; };
  if (status.ok()) {
    LogEvent(spdlog::level::info, "balloons_set", "balloons set: fmem {}, smem {} (generation {})",
             show(balloons.fmem()), show(balloons.smem()), command.generation());
  } else {
    LogEvent(spdlog::level::warn, "balloons_refused", "balloons not set: {}", ToString(status.message()));
  }
}

void Session::HandleRediscard() {
  const absl::Status status = balloons_in_use()
                                  ? guest_.Rediscard()
                                  : absl::FailedPreconditionError("the balloons are not in use in this session");
  if (!status.ok()) SendFailure(0, status);
}

void Session::HandleRefuse(Time now, const v1::Refuse& refuse) {
  state_ = State::kRefused;
  report_due_ = probe_due_ = Time::max();
  if (command_log_.Allow(now))
    LogEvent(spdlog::level::err, "session_refused", "the host ended the session: {}",
             BoundedText(refuse.reason(), kReasonLimit));
}

void Session::Changed(Time now) {
  if (state_ != State::kOpen) return;
  report_due_ = std::min(report_due_, report_sent_ ? std::max(now, *report_sent_ + kReportGap) : now);
}

void Session::Tick(Time now) {
  if (now >= started_due_ && output().empty()) {
    v1::GuestMessage message;
    message.mutable_agent_started();
    Send(std::move(message));
    started_due_ = now + kStartedInterval;
  }
  if (state_ != State::kOpen) return;
  if (now >= report_due_ && output().empty()) SendReport(now);
  if (now >= probe_due_ && output().empty()) {
    AnnounceChange(now, guest_.Balloons().status());
    probe_due_ = had_balloons_ ? Time::max() : now + kProbeInterval;
  }
}

Time Session::NextDeadline() const {
  if (!output().empty()) return Time::max();
  return std::min({started_due_, report_due_, probe_due_});
}

void Session::Consume(std::size_t count) {
  taken_ += count;
  if (taken_ < out_.size()) return;
  out_.clear();
  taken_ = 0;
}

void Session::AnnounceChange(Time now, const absl::Status& balloons) {
  if (balloons.ok() != had_balloons_) SendHello(now, balloons);
}

void Session::SendHello(Time now, const absl::Status& balloons) {
  if (balloons.ok() != had_balloons_ || !hello_sent_) {
    if (balloons.ok()) {
      LogEvent(spdlog::level::info, "balloons_available", "balloons: available");
    } else {
      LogEvent(spdlog::level::warn, "balloons_unavailable", "balloons: unavailable: {}", ToString(balloons.message()));
    }
  }
  had_balloons_ = balloons.ok();
  hello_sent_ = now;
  if (state_ == State::kOpen) probe_due_ = had_balloons_ ? Time::max() : now + kProbeInterval;

  v1::GuestMessage message;
  v1::GuestHello& hello = *message.mutable_hello();
  hello.set_version(version_);
  hello.set_min_version(kMinVersion);
  hello.set_max_version(kMaxVersion);
  if (balloons.ok()) hello.add_features(v1::FEATURE_BALLOONS);
  if (guest_.Placement() != nullptr) hello.add_features(v1::FEATURE_PLACEMENT);
  hello.set_agent_version(BoundedText(identity_.agent_version, kVersionLimit));
  hello.set_kernel_release(BoundedText(identity_.kernel_release, kKernelLimit));
  hello.set_boot_id(BoundedText(identity_.boot_id, kBootIdLimit));
  if (!balloons.ok()) hello.set_balloons_unavailable(BoundedText(ToString(balloons.message()), kReasonLimit));
  Send(std::move(message));
}

void Session::SendReport(Time now) {
  const absl::StatusOr<BalloonFigures> figures = guest_.Balloons();
  AnnounceChange(now, figures.status());
  v1::GuestMessage message;
  // Without balloons an empty report still says that the guest lives.
  *message.mutable_report() = balloons_in_use() ? MakeReport(*figures) : v1::Report();
  if (host_wants_placement_) {
    if (const auto placement = guest_.Placement()) AddPlacement(*placement, *message.mutable_report());
  }
  Send(std::move(message));
  report_sent_ = now;
  report_due_ = now + interval_;
}

void Session::SendFailure(std::uint64_t generation, const absl::Status& status) {
  v1::GuestMessage message;
  v1::CommandFailed& failed = *message.mutable_command_failed();
  failed.set_generation(generation);
  failed.set_reason(BoundedText(ToString(status.message()), kReasonLimit));
  Send(std::move(message));
}

void Session::Send(v1::GuestMessage message) {
  if (output().size() > kMaxOutput) return;
  if (!message.has_agent_started()) message.set_session(session_);
  out_.erase(0, taken_);
  taken_ = 0;
  out_ += EncodeFrame(message.SerializeAsString());
}

}  // namespace hypertier::agent
