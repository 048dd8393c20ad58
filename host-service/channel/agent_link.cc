// SPDX-License-Identifier: Apache-2.0
#include "host-service/channel/agent_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "common/utf8.h"
#include "host-service/channel/sanitize.h"

namespace hypertier::channel {
namespace {

using agent::v1::GuestHello;
using agent::v1::GuestMessage;
using agent::v1::HostMessage;

// This host speaks agent.proto's version 1 only.
constexpr std::uint32_t kMinVersion = 1;
constexpr std::uint32_t kMaxVersion = 1;

// An emptied output buffer above this is given back.
constexpr std::size_t kKeepCapacity = 512;

// Reading resumes at a quarter of the burst, so that a flooder costs few wake-ups; it has stopped flooding at half.
constexpr double kResume = 0.25;
constexpr double kCalm = 0.5;

}  // namespace

AgentLink::AgentLink(std::string vm, const LinkOptions& options, AgentEvents& events, const SessionSource& sessions)
    : vm_(std::move(vm)),
      options_(options),
      events_(events),
      sessions_(sessions),
      bytes_(options.bytes_per_second, options.burst_bytes),
      frames_(options.frames_per_second, options.burst_frames),
      starts_(options.starts_per_second, options.burst_starts) {}

// --- the connection and its sessions

void AgentLink::Connected(Time now) {
  EndSession(State::kDown);
  RefillRates(now);
  silence_due_ = now + options_.silence;
  StartSession(now);
}

void AgentLink::Disconnected(const std::string& reason) {
  EndSession(State::kDown);
  Down(reason);
}

void AgentLink::StartSession(Time now) {
  state_ = State::kGreeting;
  session_ = sessions_();
  decoder_.set_mode(FrameDecoder::Mode::kSeek);
  hello_due_ = now;
}

// Nothing of a session outlives it; the rates do, or a guest could have them renewed at will.
void AgentLink::EndSession(State state) {
  if (state == State::kDown) {
    decoder_.Reset();
    unfinished_since_.reset();
    std::string().swap(out_);
    taken_ = 0;
    silence_due_ = Time::max();
  }
  state_ = state;
  session_ = 0;
  up_since_.reset();
  balloons_ = false;
  hello_hash_ = 0;
  hello_due_ = set_due_ = Time::max();
  refuse_reason_.clear();
  set_.reset();
  limit_.reset();
  rediscard_ = false;
}

absl::Status AgentLink::Bad(const std::string& reason) {
  EndSession(State::kDown);
  down_reason_ = reason;
  events_.LinkReset(vm_, reason);
  return absl::DataLossError(reason);
}

void AgentLink::Down(const std::string& reason) {
  if (down_reason_ == reason) return;
  down_reason_ = reason;
  events_.LinkDown(vm_, reason);
}

// --- input

std::size_t AgentLink::ReadAllowance() const {
  if (paused_ || state_ == State::kDown || bytes_.level() < 1) return 0;
  return std::min(kMostPerRead, static_cast<std::size_t>(bytes_.level()));
}

absl::Status AgentLink::Receive(Time now, std::string_view bytes) {
  if (state_ == State::kDown) return absl::FailedPreconditionError("not connected");
  RefillRates(now);
  bytes_.Take(static_cast<double>(bytes.size()));
  decoder_.Append(bytes);
  return Pump(now);
}

absl::Status AgentLink::Pump(Time now) {
  bool progress = false;
  while (frames_.level() >= 1) {
    const auto payload = decoder_.Next();
    if (!payload.ok()) return Bad(ToString(payload.status().message()));
    if (!payload->has_value()) break;
    progress = true;
    frames_.Take(1);
    if (absl::Status status = Handle(now, **payload); !status.ok()) return status;
  }
  if (frames_.level() < 1 || bytes_.level() < 1) {
    paused_ = true;
    if (!throttled_since_) throttled_since_ = now;
  }
  NoteProgress(now, progress);
  return absl::OkStatus();
}

void AgentLink::NoteProgress(Time now, bool progress) {
  // While we do not read, an unfinished frame is our own doing.
  if (decoder_.buffered() == 0 || paused_) {
    unfinished_since_.reset();
  } else if (progress || !unfinished_since_) {
    unfinished_since_ = now;
  }
}

void AgentLink::RefillRates(Time now) {
  bytes_.Refill(now);
  frames_.Refill(now);
  const auto above = [this](double part) {
    return bytes_.level() >= part * bytes_.burst() && frames_.level() >= part * frames_.burst();
  };
  if (paused_ && above(kResume)) paused_ = false;
  if (throttled_since_ && above(kCalm)) throttled_since_.reset();
}

bool AgentLink::Flooding(Time now) const {
  return throttled_since_ && now - *throttled_since_ >= options_.flood;
}

bool AgentLink::TakeStart(Time now) {
  starts_.Refill(now);
  if (starts_.level() < 1) return false;
  starts_.Take(1);
  return true;
}

absl::Status AgentLink::Handle(Time now, std::string_view payload) {
  GuestMessage message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return Bad("a frame holds no message");
  if (message.has_agent_started()) {
    if (message.session() != 0) return Bad("AgentStarted with a session number");
    return HandleStarted(now);
  }
  if (message.session() == 0) return Bad("a message without a session number");
  // Left over from before we connected, or from before the agent restarted.
  if (message.session() != session_) return absl::OkStatus();
  if (message.has_hello()) return HandleHello(now, message.hello());
  if (state_ == State::kRefused) return absl::OkStatus();
  if (state_ != State::kUp) return Bad("a message before GuestHello");
  if (message.has_report()) return HandleReport(now, message.report());
  if (message.has_command_failed()) {
    HandleFailed(message.command_failed());
    return absl::OkStatus();
  }
  return Bad("a message of a kind that guests do not send");
}

absl::Status AgentLink::HandleStarted(Time now) {
  if (!TakeStart(now)) return Bad("the agent restarts too often");
  if (state_ == State::kGreeting) {
    hello_due_ = now;
    return absl::OkStatus();
  }
  const bool was_up = state_ == State::kUp;
  EndSession(State::kGreeting);
  if (was_up) Down("the agent has restarted");
  StartSession(now);
  return absl::OkStatus();
}

absl::Status AgentLink::HandleHello(Time now, const GuestHello& message) {
  GuestHello hello = CleanHello(message);
  // The guest has seen our session number, so from here on it is in step.
  decoder_.set_mode(FrameDecoder::Mode::kStrict);
  if (hello.version() == 0) {
    if (state_ == State::kUp) return Bad("a version that was agreed on is taken back");
    Refuse(now, hello);
    return absl::OkStatus();
  }
  if (hello.version() < kMinVersion || hello.version() > kMaxVersion) {
    return Bad(fmt::format("the guest chose protocol version {}, which the host did not offer", hello.version()));
  }
  if (state_ == State::kRefused) return absl::OkStatus();
  const std::size_t hash = std::hash<std::string>()(hello.SerializeAsString());
  if (state_ == State::kUp) {
    if (hash == hello_hash_) return absl::OkStatus();
    if (!TakeStart(now)) return Bad("GuestHello changes too often");
  }
  hello_hash_ = hash;
  balloons_ = std::ranges::find(hello.features(), agent::v1::FEATURE_BALLOONS) != hello.features().end();
  if (!balloons_) {
    set_.reset();
    set_due_ = Time::max();
    rediscard_ = false;
  }
  if (state_ != State::kUp) up_since_ = now;
  state_ = State::kUp;
  hello_due_ = silence_due_ = Time::max();
  down_reason_.clear();
  events_.LinkUp(vm_, hello);
  return absl::OkStatus();
}

void AgentLink::Refuse(Time now, const GuestHello& hello) {
  state_ = State::kRefused;
  silence_due_ = Time::max();
  hello_due_ = now + options_.refused_retry;
  refuse_reason_ = fmt::format(
      "no common protocol version: the guest's agent speaks {} to {}, this host {} to {}; update the older of the two",
      hello.min_version(), hello.max_version(), kMinVersion, kMaxVersion);
  Down(refuse_reason_);
}

absl::Status AgentLink::HandleReport(Time now, const agent::v1::Report& message) {
  const absl::StatusOr<agent::v1::Report> report = CleanReport(message);
  if (!report.ok()) return Bad(ToString(report.status().message()));
  if (report->tiers_size() > 0 && !balloons_) return Bad("a report on balloons that are not in use");
  if (set_ && report->generation() == set_->generation()) {
    set_.reset();
    set_due_ = Time::max();
  }
  events_.ReportArrived(vm_, *report, now);
  return absl::OkStatus();
}

void AgentLink::HandleFailed(const agent::v1::CommandFailed& message) {
  if (set_ && message.generation() == set_->generation()) {
    set_.reset();
    set_due_ = Time::max();
  }
  events_.CommandFailed(vm_, message.generation(), Printable(message.reason(), kReasonLimit));
}

// --- output

void AgentLink::SetBalloons(Time now, const agent::v1::SetBalloons& command) {
  if (state_ != State::kUp || !balloons_) return;
  set_ = command;
  set_due_ = now;
}

void AgentLink::LimitMoves(Bytes per_second) {
  if (state_ == State::kUp) limit_ = per_second;
}

void AgentLink::Rediscard() {
  rediscard_ = state_ == State::kUp && balloons_;
}

absl::Status AgentLink::Tick(Time now) {
  if (state_ == State::kDown) return absl::OkStatus();
  RefillRates(now);
  if (Flooding(now)) return Bad("a flood: more than an agent has to say, for longer than a burst");
  if (!paused_ && decoder_.buffered() > 0) {
    if (absl::Status status = Pump(now); !status.ok()) return status;
  }
  if (unfinished_since_ && now - *unfinished_since_ >= options_.unfinished) {
    // While we seek it is what an older session has left behind.
    if (state_ != State::kGreeting) return Bad("a frame was begun and not finished");
    decoder_.Reset();
    unfinished_since_.reset();
  }
  if (now >= silence_due_) {
    silence_due_ = Time::max();
    Down("no agent answers; is hypertier-agent installed and running in the guest?");
  }
  Produce(now);
  return absl::OkStatus();
}

// One message at a time: as long as the guest does not read, there is nothing more to say.
void AgentLink::Produce(Time now) {
  if (!output().empty()) return;
  HostMessage message;
  if (!refuse_reason_.empty()) {
    message.mutable_refuse()->set_reason(std::exchange(refuse_reason_, ""));
  } else if (now >= hello_due_) {
    if (state_ == State::kRefused) StartSession(now);
    hello_due_ = now + options_.repeat;
    agent::v1::HostHello& hello = *message.mutable_hello();
    hello.set_min_version(kMinVersion);
    hello.set_max_version(kMaxVersion);
    hello.add_features(agent::v1::FEATURE_BALLOONS);
    hello.add_features(agent::v1::FEATURE_PLACEMENT);
    hello.set_report_interval_ms(static_cast<std::uint32_t>(options_.report_interval.count()));
    hello.set_host_version(options_.host_version);
  } else if (now >= set_due_) {
    set_due_ = now + options_.repeat;
    *message.mutable_set_balloons() = *set_;
  } else if (limit_) {
    message.mutable_limit_moves()->set_bytes_per_second(std::exchange(limit_, std::nullopt)->count());
  } else if (rediscard_) {
    rediscard_ = false;
    message.mutable_rediscard();
  } else {
    return;
  }
  message.set_session(session_);
  out_ = EncodeFrame(message.SerializeAsString());
  taken_ = 0;
}

void AgentLink::Consume(std::size_t count) {
  taken_ += count;
  if (taken_ < out_.size()) return;
  taken_ = 0;
  if (out_.capacity() > kKeepCapacity) {
    std::string().swap(out_);
  } else {
    out_.clear();
  }
}

Time AgentLink::NextDeadline() const {
  if (state_ == State::kDown) return Time::max();
  Time next = silence_due_;
  if (output().empty()) {
    next = std::min({next, hello_due_, set_due_});
    if (rediscard_ || !refuse_reason_.empty()) next = Time::min();
  }
  if (paused_)
    next = std::min(next, std::max(bytes_.When(kResume * bytes_.burst()), frames_.When(kResume * frames_.burst())));
  if (unfinished_since_) next = std::min(next, *unfinished_since_ + options_.unfinished);
  return next;
}

}  // namespace hypertier::channel
