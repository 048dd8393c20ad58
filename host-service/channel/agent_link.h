// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/bytes.h"
#include "common/frame.h"
#include "host-service/channel/agent_channel.h"
#include "host-service/channel/link_options.h"
#include "host-service/channel/time.h"
#include "host-service/channel/token_bucket.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::channel {

// The host's end of the protocol with one agent (agent.proto): bytes in, bytes and events out, the time passed in, no
// I/O. It trusts nothing that it is given and holds nothing that a guest can make grow: at most one frame and one read
// of input, one message of output, the newest SetBalloons.
//
// The owner of the connection calls, in this order: Connected() when there is one; then, as things happen, Receive()
// with at most ReadAllowance() bytes, Tick() after everything and at NextDeadline(), and takes output(). An error means
// that the connection must be closed (events were told already). Disconnected() when the connection has ended
// otherwise, or could not be made.
class AgentLink {
 public:
  // A random number that no other session has or will have, not 0.
  using SessionSource = std::function<std::uint64_t()>;

  // Most that one Receive() is to bring.
  static constexpr std::size_t kMostPerRead = 16 * 1024;

  // All references must outlive the link.
  AgentLink(std::string vm, const LinkOptions& options, AgentEvents& events, const SessionSource& sessions);

  void Connected(Time now);
  void Disconnected(const std::string& reason);

  // 0: over the rates, do not read before NextDeadline().
  std::size_t ReadAllowance() const;
  absl::Status Receive(Time now, std::string_view bytes);
  absl::Status Tick(Time now);
  Time NextDeadline() const;

  std::string_view output() const { return std::string_view(out_).substr(taken_); }
  void Consume(std::size_t count);

  void SetBalloons(Time now, const agent::v1::SetBalloons& command);
  void LimitMoves(Bytes per_second);
  void Rediscard();

  const std::string& vm() const { return vm_; }
  // When the session was opened; nullopt while there is none.
  std::optional<Time> up_since() const { return up_since_; }
  // What the link holds of the heap for buffers.
  std::size_t buffer_capacity() const { return decoder_.capacity() + out_.capacity(); }

 private:
  enum class State {
    kDown,      // not connected
    kGreeting,  // HostHello is on its way, GuestHello awaited
    kUp,        // in a session
    kRefused,   // no common version
  };

  void StartSession(Time now);
  void EndSession(State state);
  absl::Status Bad(const std::string& reason);
  void Down(const std::string& reason);

  absl::Status Pump(Time now);
  absl::Status Handle(Time now, std::string_view payload);
  absl::Status HandleStarted(Time now);
  absl::Status HandleHello(Time now, const agent::v1::GuestHello& message);
  absl::Status HandleReport(Time now, const agent::v1::Report& message);
  void HandleFailed(const agent::v1::CommandFailed& message);
  void Refuse(Time now, const agent::v1::GuestHello& message);
  bool TakeStart(Time now);

  void RefillRates(Time now);
  bool Flooding(Time now) const;
  void NoteProgress(Time now, bool progress);
  void Produce(Time now);

  const std::string vm_;
  const LinkOptions& options_;
  AgentEvents& events_;
  const SessionSource& sessions_;

  State state_ = State::kDown;
  std::uint64_t session_ = 0;
  std::optional<Time> up_since_;
  bool balloons_ = false;
  // Of the last GuestHello of this session, to see whether a new one says something else.
  std::size_t hello_hash_ = 0;
  // Of the last LinkDown or LinkReset, while the link is down.
  std::string down_reason_;

  FrameDecoder decoder_{FrameDecoder::Mode::kSeek};
  // When the frame that is not complete yet began.
  std::optional<Time> unfinished_since_;
  TokenBucket bytes_;
  TokenBucket frames_;
  TokenBucket starts_;
  bool paused_ = false;
  std::optional<Time> throttled_since_;

  std::string out_;
  std::size_t taken_ = 0;
  Time hello_due_ = Time::max();
  Time silence_due_ = Time::max();
  std::string refuse_reason_;
  std::optional<agent::v1::SetBalloons> set_;
  Time set_due_ = Time::max();
  std::optional<Bytes> limit_;
  bool rediscard_ = false;
};

}  // namespace hypertier::channel
