// SPDX-License-Identifier: Apache-2.0
//
// Both ends of the protocol over a pipe that does everything that a virtio-serial port can do to them.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>

#include "guest-agent/session/fake_guest.h"
#include "guest-agent/session/session.h"
#include "host-service/channel/agent_link.h"
#include "host-service/channel/recorded_events.h"

namespace hypertier::channel {
namespace {

using std::chrono::milliseconds;

class Pair {
 public:
  explicit Pair(unsigned seed) : random_(seed) {
    events_.keep_notes = false;
    RestartAgent();
    Reconnect();
  }

  // A step of time in which bytes move in random pieces.
  void Step() {
    now_ += milliseconds(Below(200));
    if (connected_ && !link_->Tick(now_).ok()) connected_ = false;
    session_->Tick(now_);
    Move();
    if (!connected_ && now_ >= reconnect_) Reconnect();
  }

  // One of the things that go wrong.
  void Mishap() {
    switch (Below(8)) {
      case 0:
        RestartAgent();
        break;
      case 1:  // hypertierd is killed: the guest may or may not see that the host was gone
        link_ = std::make_unique<AgentLink>("vm", options_, events_, sessions_);
        events_.up = false;
        Cut();
        Reconnect();
        break;
      case 2:  // the socket breaks
        link_->Disconnected("cut");
        connected_ = false;
        reconnect_ = now_ + milliseconds(100);
        Cut();
        break;
      case 3:  // the tail of a frame that nobody wrote whole
        to_host_.insert(0, EncodeFrame(std::string(Below(300), 'x')).substr(Below(12)));
        break;
      case 4:
        to_guest_.insert(0, EncodeFrame(std::string(Below(300), 'x')).substr(Below(12)));
        break;
      case 5:  // half of what is under way is lost
        to_host_.erase(0, Below(to_host_.size() + 1));
        break;
      case 6:
        to_guest_.erase(Below(to_guest_.size() + 1));
        break;
      case 7:
        guest_.balloons = guest_.balloons.ok() ? absl::NotFoundError("unloaded") : absl::OkStatus();
        session_->Changed(now_);
        break;
    }
  }

  void SetBalloons(std::uint64_t generation) {
    agent::v1::SetBalloons command;
    command.set_generation(generation);
    command.set_fmem_balloon_bytes(generation * 4096);
    link_->SetBalloons(now_, command);
  }

  bool InStep() const {
    return events_.up && session_->open() && events_.last_report && events_.last_report->tiers_size() == 2;
  }
  void LoadModule() { guest_.balloons = absl::OkStatus(); }
  void ForgetReport() { events_.last_report.reset(); }
  const RecordedEvents& events() const { return events_; }
  const agent::FakeGuest& guest() const { return guest_; }
  bool small() const { return link_->buffer_capacity() < 4096 && to_host_.size() < 1 << 20; }

 private:
  std::size_t Below(std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_); }

  void RestartAgent() {
    // What the dead agent had not written any more is lost, possibly in the middle of a frame.
    session_ = std::make_unique<agent::Session>(agent::Identity{"1", "k", "b"}, guest_);
    session_->Start(now_);
  }

  void Reconnect() {
    connected_ = true;
    link_->Connected(now_);
  }

  // QEMU drops some of what is under way when the host's end changes; the guest may notice.
  void Cut() {
    to_host_.erase(0, Below(to_host_.size() + 1));
    to_guest_.erase(Below(to_guest_.size() + 1));
    if (Below(2) == 0) session_->Disconnected();
  }

  void Move() {
    for (int turn = 0; turn < 20; ++turn) {
      const std::string_view from_guest = session_->output().substr(0, Below(session_->output().size() + 1));
      to_host_ += from_guest;
      session_->Consume(from_guest.size());
      if (connected_) {
        const std::string_view from_host = link_->output().substr(0, Below(link_->output().size() + 1));
        to_guest_ += from_host;
        link_->Consume(from_host.size());
      }
      const std::size_t down = Below(to_guest_.size() + 1);
      session_->Receive(now_, std::string_view(to_guest_).substr(0, down));
      to_guest_.erase(0, down);
      const std::size_t up =
          connected_ ? Below(std::min(to_host_.size(), link_->ReadAllowance()) + 1) : to_host_.size();
      if (connected_ && !link_->Receive(now_, std::string_view(to_host_).substr(0, up)).ok()) {
        connected_ = false;
        reconnect_ = now_ + milliseconds(100);
      }
      to_host_.erase(0, up);
    }
  }

  std::mt19937 random_;
  const LinkOptions options_;
  RecordedEvents events_;
  std::uint64_t sessions_made_ = 0;
  const AgentLink::SessionSource sessions_ = [this] { return ++sessions_made_; };
  agent::FakeGuest guest_;
  Time now_ = Time() + std::chrono::hours(1);
  std::unique_ptr<AgentLink> link_ = std::make_unique<AgentLink>("vm", options_, events_, sessions_);
  std::unique_ptr<agent::Session> session_;
  bool connected_ = false;
  Time reconnect_;
  std::string to_host_;
  std::string to_guest_;
};

TEST(Convergence, BothEndsAlwaysFindEachOtherAgain) {
  spdlog::set_level(spdlog::level::off);
  std::uint64_t generation = 0;
  int most_steps = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    Pair pair(seed);
    for (unsigned round = 0; round < 10; ++round) {
      for (unsigned mishap = 0; mishap <= (seed + round) % 4; ++mishap) {
        pair.Mishap();
        for (unsigned steps = 0; steps < (seed * 7 + round * 3) % 11; ++steps) pair.Step();
      }
      pair.LoadModule();
      pair.ForgetReport();
      // A lost AgentStarted comes again after 5 s, a broken frame is given up after 5 s, flapping costs a start every
      // 2 s; steps take 0.1 s on average.
      int steps = 0;
      while (!pair.InStep() && steps < 600) pair.Step(), ++steps;
      most_steps = std::max(most_steps, steps);
      ASSERT_TRUE(pair.InStep()) << "seed " << seed << " round " << round;
      ASSERT_TRUE(pair.events().in_turn);
      ASSERT_TRUE(pair.small());

      pair.SetBalloons(++generation);
      for (steps = 0; pair.events().last_report->generation() != generation && steps < 300; ++steps) pair.Step();
      ASSERT_EQ(pair.events().last_report->generation(), generation) << "seed " << seed << " round " << round;
      ASSERT_EQ(pair.guest().snapshot.tiers.fmem()->balloon_target, Bytes(generation * 4096));
    }
  }
  RecordProperty("most_steps", most_steps);
}

}  // namespace
}  // namespace hypertier::channel
