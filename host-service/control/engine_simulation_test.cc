// SPDX-License-Identifier: Apache-2.0
//
// Random histories: guests that lag, lie, reboot and lose their agents, operators who resize, cancel and use virsh, a
// ledger that fails, a hypertierd that is killed in the middle of anything. What must hold, holds after every step; and
// when the chaos stops, everything converges.
#include "host-service/control/engine_simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace hypertier::control {
namespace {

class Simulation : public AgentCommands, public DomainCommands, public ResidencyCommands {
 public:
  explicit Simulation(unsigned seed) : random_(seed) {
    for (int i = 0; i < 3; ++i) {
      Guest guest;
      guest.uuid = fmt::format("{:08d}-0000-4000-8000-000000000000", i);
      guest.liar = i == 2;
      guests_.push_back(guest);
    }
    Restart();
  }

  void Chaos(int steps) {
    for (int i = 0; i < steps; ++i) {
      try {
        Step();
      } catch (const Killed&) {
        Restart();
      }
      Check();
    }
  }

  std::size_t acknowledged() const { return acknowledged_.size(); }

  // Everybody behaves: the ledger works, guests run, agents answer.
  void Settle() {
    ledger_.life = -1;
    ledger_.broken = absl::OkStatus();
    for (Guest& guest : guests_) {
      guest.liar = false;
      if (!guest.running) Boot(guest);
      if (!guest.linked) LinkUp(guest);
    }
    engine_->HandleResync(List(), now_);
    for (int i = 0; i < 60; ++i) {
      for (Guest& guest : guests_) {
        while (!guest.inbox.empty()) Obey(guest);
        guest.held = guest.wanted;
        Report(guest);
        Measure(guest);
      }
      Pass(absl::Milliseconds(500));
      Check();
    }
    const SnapshotPtr fleet = engine_->Publish(now_);
    EXPECT_EQ(fleet->counts.running, 0u) << "an acknowledged operation always ends";
    for (const Guest& guest : guests_) {
      const VmPtr vm = *fleet->FindVm(guest.uuid);
      EXPECT_EQ(vm->management, Management::kManaged) << vm->reason;
      for (const TierId tier : kTiers) {
        EXPECT_EQ((*vm->tiers)[tier].target, kCells[tier] - guest.held[tier]) << "guest and host agree in the end";
      }
    }
    for (const auto& [id, record] : ledger_.operations) EXPECT_TRUE(Ended(record.state)) << id;
  }

 private:
  // Effects.
  void Open(const std::string&, const std::string&) override {}
  void Close(const std::string& uuid) override { Of(uuid).linked = false; }
  void SetBalloons(const std::string& uuid, const agent::v1::SetBalloons& command) override {
    Guest& guest = Of(uuid);
    EXPECT_LE(command.fmem_balloon_bytes(), kCells.fmem().count()) << "never told more than the cell";
    EXPECT_LE(command.smem_balloon_bytes(), kCells.smem().count());
    const TargetRecord& record = ledger_.targets.at(uuid);
    EXPECT_EQ(command.generation(), record.generation) << "the ledger knows before the guest";
    EXPECT_EQ(Bytes(command.fmem_balloon_bytes()), kCells.fmem() - record.targets.fmem());
    EXPECT_EQ(Bytes(command.smem_balloon_bytes()), kCells.smem() - record.targets.smem());
    const std::pair sizes{command.fmem_balloon_bytes(), command.smem_balloon_bytes()};
    const auto [at, is_new] = guest.told.try_emplace(command.generation(), sizes);
    EXPECT_EQ(at->second, sizes) << "a generation never stands for other sizes";
    EXPECT_TRUE(!is_new || std::next(at) == guest.told.end()) << "generations grow";
    if (guest.linked) guest.inbox.push_back(command);
  }
  void LimitMoves(const std::string&, Bytes) override {}
  void Rediscard(const std::string&) override {}
  void Pause(const std::string&) override {}
  void Destroy(const std::string&) override {}
  void AttachAgentChannel(const std::string&) override {}
  void SetRequested(const std::string&, const PerTier<Bytes>&) override {}
  void Watch(const domain::Description&) override {}
  void Unwatch(const std::string&) override {}
  void Hurry(const std::string&) override {}

  int Pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }
  Bytes RandomSize(Bytes most) {
    const auto pages = static_cast<int>(most.count() / kPage.count());
    return Bytes(static_cast<std::uint64_t>(Pick(pages + 1)) * kPage.count());
  }
  Guest& Of(const std::string& uuid) {
    return *std::find_if(guests_.begin(), guests_.end(), [&](const Guest& guest) { return guest.uuid == uuid; });
  }

  DomainInfo Info(const Guest& guest) {
    return {.uuid = guest.uuid,
            .name = guest.uuid.substr(0, 8),
            .state = guest.running ? DomainState::kRunning : DomainState::kShutOff,
            .xml = guest.uuid};
  }
  std::vector<DomainInfo> List() {
    std::vector<DomainInfo> list;
    for (const Guest& guest : guests_) list.push_back(Info(guest));
    return list;
  }
  absl::StatusOr<domain::Description> Describe(std::string_view xml) {
    domain::Description description;
    description.uuid = xml;
    description.name = description.uuid.substr(0, 8);
    description.cells = kCells;
    description.has_agent_channel = true;
    description.agent_socket = Of(description.uuid).running ? "/run/" + description.uuid : "";
    return description;
  }

  void Restart() {
    ledger_.broken = absl::OkStatus();
    for (Guest& guest : guests_) guest.linked = false;
    engine_ = std::make_unique<Engine>(EngineOptions(),
                                       EngineWorld{.agents = this,
                                                   .domains = this,
                                                   .residency = this,
                                                   .ledger = &ledger_,
                                                   .describe = [this](std::string_view xml) { return Describe(xml); },
                                                   .on_event = {},
                                                   .on_connection = {},
                                                   .on_trouble = {}});
    now_.mono = absl::ZeroDuration();
    ASSERT_TRUE(engine_->Load(now_).ok());
    engine_->HandleResync(List(), now_);
  }

  void Pass(absl::Duration time) {
    now_.mono += time;
    now_.wall += time;
    engine_->Tick(now_);
  }

  void Boot(Guest& guest) {
    guest.running = true;
    guest.linked = false;
    ++guest.boots;
    guest.generation = 0;
    guest.source = agent::v1::Report::SOURCE_BOOT;
    guest.wanted = guest.held = {};
    guest.inbox.clear();
    engine_->HandleDomain(Info(guest), now_);
  }
  void LinkUp(Guest& guest) {
    guest.linked = true;
    guest.inbox.clear();
    agent::v1::GuestHello hello;
    hello.set_version(1);
    hello.add_features(agent::v1::FEATURE_BALLOONS);
    hello.set_boot_id(fmt::format("boot-{}", guest.boots));
    engine_->HandleLinkUp(guest.uuid, hello, now_);
  }
  void Obey(Guest& guest) {
    if (guest.inbox.empty()) return;
    const agent::v1::SetBalloons command = guest.inbox.front();
    guest.inbox.pop_front();
    guest.generation = command.generation();
    guest.source = agent::v1::Report::SOURCE_AGENT;
    guest.wanted = {Bytes(command.fmem_balloon_bytes()), Bytes(command.smem_balloon_bytes())};
  }
  void Move(Guest& guest) {
    const TierId tier = kTiers[static_cast<std::size_t>(Pick(2))];
    guest.held[tier] = Pick(2) == 0 ? guest.wanted[tier] : RandomSize(kCells[tier]);
  }

  void Report(Guest& guest) {
    agent::v1::Report report;
    report.set_generation(guest.generation);
    report.set_source(guest.source);
    for (const TierId tier : kTiers) {
      agent::v1::TierReport& said = *report.add_tiers();
      said.set_tier(tier == TierId::kFmem ? agent::v1::TIER_FMEM : agent::v1::TIER_SMEM);
      said.set_present_bytes(kCells[tier].count());
      said.set_balloon_bytes(guest.held[tier].count());
      said.set_balloon_target_bytes(guest.wanted[tier].count());
    }
    if (guest.liar) Lie(report);
    engine_->HandleReport(guest.uuid, report, now_);
    if (guest.liar || !guest.linked || !guest.running) return;
    // What an honest guest can use is charged.
    const VmPtr vm = *engine_->Publish(now_)->FindVm(guest.uuid);
    for (const TierId tier : kTiers) EXPECT_GE((*vm->tiers)[tier].charged, kCells[tier] - guest.held[tier]);
  }
  void Lie(agent::v1::Report& report) {
    switch (Pick(6)) {
      case 0:
        report.set_generation(random_());
        break;
      case 1:
        report.set_generation(UINT64_MAX - static_cast<std::uint64_t>(Pick(3)));
        break;
      case 2:
        report.mutable_tiers(0)->set_balloon_bytes(random_() | (std::uint64_t{random_()} << 40));
        break;
      case 3:
        report.set_generation(0);
        report.set_source(agent::v1::Report::SOURCE_TOTAL);
        report.mutable_tiers(1)->set_balloon_target_bytes(random_());
        break;
      case 4:
        *report.add_tiers() = report.tiers(Pick(2));
        break;
      default:
        report.mutable_tiers(Pick(2))->set_floor_bytes(UINT64_MAX);
    }
  }
  void Measure(const Guest& guest) {
    if (!guest.running) return;
    engine_->HandleResidency(guest.uuid,
                             PerTier<Bytes>{kCells.fmem() - guest.held.fmem(), kCells.smem() - guest.held.smem()},
                             now_.mono, now_);
  }

  void Resize(const Guest& guest) {
    ResizeRequest request{.vm = guest.uuid,
                          .tiers = {},
                          .timeout = absl::Seconds(1 + Pick(100)),
                          .validate_only = Pick(8) == 0,
                          .caller = {}};
    for (const TierId tier : kTiers) {
      if (Pick(3) == 0) continue;
      request.tiers.push_back({.tier = tier, .amount = RandomSize(kCells[tier] + Bytes::MiB(64))});
    }
    const auto operation = engine_->Resize(request, now_);
    if (operation.ok() && !request.validate_only) acknowledged_[(*operation)->record.id] = now_.wall;
  }
  void Cancel() {
    if (acknowledged_.empty()) return;
    auto at = acknowledged_.begin();
    std::advance(at, Pick(static_cast<int>(acknowledged_.size())));
    (void)engine_->Cancel(at->first, {}, now_);
  }

  void Step() {
    Guest& guest = guests_[static_cast<std::size_t>(Pick(3))];
    const int what = Pick(100);
    if (what < 25) {
      if (guest.linked) Report(guest);
    } else if (what < 40) {
      Obey(guest);
    } else if (what < 55) {
      Move(guest);
    } else if (what < 65) {
      Measure(guest);
    } else if (what < 77) {
      Resize(guest);
    } else if (what < 80) {
      Cancel();
    } else if (what < 84) {
      if (guest.running && !guest.linked) LinkUp(guest);
    } else if (what < 86) {
      guest.linked = false;
      engine_->HandleLinkDown(guest.uuid, "closed", now_);
    } else if (what < 88) {
      if (!guest.running) Boot(guest);
    } else if (what < 89) {
      guest.running = guest.linked = false;
      guest.inbox.clear();
      engine_->HandleDomain(Info(guest), now_);
    } else if (what < 90) {
      // A reboot; libvirt may say so or not.
      if (!guest.running) return;
      if (Pick(2) == 0) engine_->HandleReboot(guest.uuid, now_);
      Boot(guest);
    } else if (what < 92) {
      // virsh setmem
      if (!guest.running) return;
      guest.generation = 0;
      guest.source = agent::v1::Report::SOURCE_TOTAL;
      guest.wanted = {RandomSize(kCells.fmem()), RandomSize(kCells.smem())};
    } else if (what < 93) {
      engine_->HandleCommandFailed(guest.uuid, guest.told.empty() ? 1 : guest.told.rbegin()->first, "no", now_);
    } else if (what < 94) {
      ledger_.broken = Pick(2) == 0 ? absl::OkStatus() : absl::ResourceExhaustedError("disk full");
    } else if (what < 95) {
      ledger_.life = 1 + Pick(6);
    } else if (what < 96) {
      Restart();
    } else if (what < 97) {
      engine_->HandleDisconnected("gone", now_);
      engine_->HandleResync(List(), now_);
    } else if (what < 98) {
      now_.wall += absl::Seconds(Pick(200) - 100);
    } else {
      Pass(absl::Milliseconds(Pick(3000)));
    }
  }

  void Check() {
    const SnapshotPtr fleet = engine_->Publish(now_);
    for (const VmPtr& vm : fleet->vms) {
      for (const TierId tier : kTiers) {
        const TierRecord& record = (*vm->tiers)[tier];
        EXPECT_LE(record.target.value_or(Bytes()), record.cell);
        EXPECT_LE(record.charged, record.cell);
        EXPECT_LE(record.floor, record.cell);
        const auto kept = ledger_.targets.find(vm->uuid);
        if (kept != ledger_.targets.end()) {
          EXPECT_EQ(record.target, kept->second.targets[tier]) << "ledger and model agree";
        }
      }
      if (!vm->operation.empty()) {
        const auto operation = fleet->FindOperation(vm->operation);
        ASSERT_TRUE(operation.ok());
        EXPECT_FALSE(Ended((*operation)->record.state));
        EXPECT_NE((*operation)->status_message, "") << "a running operation says what it waits for";
        EXPECT_EQ((*operation)->record.generation, ledger_.targets.at(vm->uuid).generation);
      }
    }
    std::uint64_t running = 0;
    for (const OperationPtr& operation : *fleet->operations) running += !Ended(operation->record.state);
    EXPECT_EQ(running, fleet->counts.running);
    for (const auto& [id, when] : acknowledged_) {
      EXPECT_TRUE(fleet->FindOperation(id).ok()) << "an acknowledged operation is remembered";
    }
  }

  std::mt19937 random_;
  Now now_{.mono = absl::ZeroDuration(), .wall = absl::FromUnixSeconds(1'800'000'000)};
  MortalLedger ledger_;
  std::vector<Guest> guests_;
  std::unique_ptr<Engine> engine_;
  std::map<std::string, absl::Time> acknowledged_;
};

TEST(EngineSimulation, WhateverHappensTheInvariantsHoldAndEverythingConvergesAfterwards) {
  // A soak is HYPERTIER_SIMULATIONS=100000.
  const char* wanted = std::getenv("HYPERTIER_SIMULATIONS");
  const unsigned histories = wanted == nullptr ? 150 : static_cast<unsigned>(std::atoi(wanted));
  std::size_t acknowledged = 0;
  for (unsigned seed = 1; seed <= histories && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Simulation simulation(seed);
    simulation.Chaos(600);
    simulation.Settle();
    acknowledged += simulation.acknowledged();
  }
  EXPECT_GT(acknowledged, histories) << "histories in which nothing happens prove nothing";
}

}  // namespace
}  // namespace hypertier::control
