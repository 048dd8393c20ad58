// SPDX-License-Identifier: Apache-2.0
//
// For tests: an engine among fakes, with time in the test's hands.
#pragma once

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host-service/control/engine.h"
#include "host-service/ledger/fake_ledger.h"

namespace hypertier::control {

class FakeAgents : public AgentCommands {
 public:
  void Open(const std::string& uuid, const std::string& socket) override { open[uuid] = socket; }
  void Close(const std::string& uuid) override { open.erase(uuid); }
  void SetBalloons(const std::string& uuid, const agent::v1::SetBalloons& command) override {
    sent[uuid].push_back(command);
  }
  void LimitMoves(const std::string& uuid, Bytes per_second) override { limits[uuid].push_back(per_second); }
  void Rediscard(const std::string& uuid) override { ++rediscards[uuid]; }

  std::map<std::string, std::string> open;
  std::map<std::string, std::vector<agent::v1::SetBalloons>> sent;
  std::map<std::string, std::vector<Bytes>> limits;
  std::map<std::string, int> rediscards;
};

class FakeDomains : public DomainCommands {
 public:
  void AttachAgentChannel(const std::string& uuid) override { attached.push_back(uuid); }
  void Pause(const std::string& uuid) override { paused.push_back(uuid); }
  void Destroy(const std::string& uuid) override { destroyed.push_back(uuid); }
  void SetRequested(const std::string& uuid, const PerTier<Bytes>& sizes) override { requested[uuid].push_back(sizes); }
  std::vector<std::string> attached;
  std::map<std::string, std::vector<PerTier<Bytes>>> requested;
  std::vector<std::string> paused;
  std::vector<std::string> destroyed;
};

class FakeResidency : public ResidencyCommands {
 public:
  void Watch(const domain::Description& domain) override { watched.insert(domain.uuid); }
  void Unwatch(const std::string& uuid) override { watched.erase(uuid); }
  void Hurry(const std::string&) override { ++hurried; }
  std::set<std::string> watched;
  int hurried = 0;
};

class FakeConfinement : public ConfinementCommands {
 public:
  void Confine(const domain::Description&, Bytes most, Bytes at_most) override {
    asked.push_back(most);
    bounds.push_back(at_most);
  }
  std::vector<Bytes> asked;
  std::vector<Bytes> bounds;
};

inline constexpr char kUuid[] = "11111111-1111-4111-8111-111111111111";

class Harness {
 public:
  explicit Harness(EngineOptions engine_options = {}) : options(std::move(engine_options)) { Restart(); }

  // A new hypertierd on the same ledger; what the old one knew is gone. False when it cannot start.
  bool Restart() {
    agents = {};
    EngineWorld world{.agents = &agents,
                      .domains = &domains,
                      .residency = &residency,
                      .confinement = &confinement,
                      .ledger = &ledger,
                      .describe = [this](std::string_view xml) { return Describe(xml); },
                      .on_event = {},
                      .on_connection = {},
                      .on_trouble = [this](const control::Vm*, const std::string& what,
                                           const absl::Status&) { troubles.push_back(what); }};
    engine = std::make_unique<Engine>(options, world);
    return engine->Load(now).ok();
  }

  absl::StatusOr<domain::Description> Describe(std::string_view xml) {
    const auto at = descriptions.find(std::string(xml));
    if (at == descriptions.end()) return absl::InvalidArgumentError("not a domain");
    return at->second;
  }

  // A two-tier domain of 1 GiB fmem and 2 GiB smem with a channel; change `descriptions[uuid]` before Appear for
  // others.
  domain::Description& Define(const std::string& uuid = kUuid, const std::string& name = "web1") {
    domain::Description& description = descriptions[uuid];
    description.uuid = uuid;
    description.name = name;
    description.tenant = "acme";
    description.cells = PerTier<Bytes>{Bytes::GiB(1), Bytes::GiB(2)};
    description.has_agent_channel = true;
    description.agent_socket = fmt::format("/run/{}.sock", name);
    return description;
  }

  DomainInfo Info(DomainState state = DomainState::kRunning, const std::string& uuid = kUuid) {
    return {.uuid = uuid, .name = descriptions[uuid].name, .state = state, .xml = uuid};
  }
  void Appear(DomainState state = DomainState::kRunning, const std::string& uuid = kUuid) {
    if (!synced) engine->HandleResync({Info(state, uuid)}, now);
    synced = true;
    engine->HandleDomain(Info(state, uuid), now);
  }

  void LinkUp(const std::string& boot_id = "boot-1", bool balloons = true, const std::string& uuid = kUuid) {
    agent::v1::GuestHello hello;
    hello.set_version(1);
    if (balloons) hello.add_features(agent::v1::FEATURE_BALLOONS);
    hello.set_agent_version("1.0");
    hello.set_kernel_release("6.1.0");
    hello.set_boot_id(boot_id);
    if (!balloons) hello.set_balloons_unavailable("/dev/hyperflex: No such file: stock virtio_balloon is loaded");
    engine->HandleLinkUp(uuid, hello, now);
  }

  // A guest whose balloons hold and aim at these sizes.
  static agent::v1::Report Report(std::uint64_t generation, Bytes fmem_balloon, Bytes smem_balloon,
                                  agent::v1::Report::Source source = agent::v1::Report::SOURCE_AGENT) {
    agent::v1::Report report;
    report.set_generation(generation);
    report.set_source(source);
    report.set_transport(agent::v1::Report::TRANSPORT_REPORTING);
    const auto add = [&report](agent::v1::Tier tier, Bytes cell, Bytes balloon) {
      agent::v1::TierReport& added = *report.add_tiers();
      added.set_tier(tier);
      added.set_present_bytes(cell.count());
      added.set_balloon_bytes(balloon.count());
      added.set_balloon_target_bytes(balloon.count());
      added.set_state(agent::v1::TierReport::STATE_IDLE);
    };
    add(agent::v1::TIER_FMEM, Bytes::GiB(1), fmem_balloon);
    add(agent::v1::TIER_SMEM, Bytes::GiB(2), smem_balloon);
    return report;
  }
  void Say(const agent::v1::Report& report, const std::string& uuid = kUuid) {
    engine->HandleReport(uuid, report, now);
  }

  // Running, linked, whole cells, confirmed: MANAGED.
  void BecomeManaged() {
    Define();
    Appear();
    LinkUp();
    Say(Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT));
  }

  void Measure(Bytes fmem, Bytes smem, const std::string& uuid = kUuid) {
    engine->HandleResidency(uuid, PerTier<Bytes>{fmem, smem}, now.mono, now);
  }

  // Time passes, ticking as the controller does.
  void Pass(absl::Duration time) {
    const absl::Duration end = now.mono + time;
    while (now.mono < end) {
      const absl::Duration step = std::min(absl::Milliseconds(200), end - now.mono);
      now.mono += step;
      now.wall += step;
      engine->Tick(now);
    }
  }

  static TierChange To(TierId tier, Bytes target) { return {.tier = tier, .amount = target}; }
  static TierChange By(TierId tier, std::int64_t delta) { return {.tier = tier, .amount = delta}; }

  absl::StatusOr<OperationPtr> Resize(std::vector<TierChange> tiers, std::optional<absl::Duration> timeout = {}) {
    return engine->Resize(
        {.vm = kUuid, .tiers = std::move(tiers), .timeout = timeout, .validate_only = false, .caller = {}}, now);
  }
  // Resizes fmem and returns the operation's id.
  std::string Begin(Bytes fmem) { return (*Resize({To(TierId::kFmem, fmem)}))->record.id; }

  SnapshotPtr Look() { return engine->Publish(now); }
  VmPtr Vm(const std::string& uuid = kUuid) { return *Look()->FindVm(uuid); }
  TierRecord Tier(TierId tier) { return (*Vm()->tiers)[tier]; }
  OperationPtr Operation(const std::string& id) { return *Look()->FindOperation(id); }
  // The newest SetBalloons; empty when there was none.
  agent::v1::SetBalloons LastSent(const std::string& uuid = kUuid) {
    return agents.sent[uuid].empty() ? agent::v1::SetBalloons() : agents.sent[uuid].back();
  }
  int CountEvents(EventKind kind) {
    const VmPtr vm = Vm();
    return static_cast<int>(
        std::count_if(vm->events->begin(), vm->events->end(), [&](const VmEvent& e) { return e.kind == kind; }));
  }

  EngineOptions options;
  Now now{.mono = absl::Hours(1), .wall = absl::FromUnixSeconds(1'800'000'000)};
  FakeLedger ledger;
  FakeAgents agents;
  FakeDomains domains;
  FakeResidency residency;
  FakeConfinement confinement;
  std::map<std::string, domain::Description> descriptions;
  std::vector<std::string> troubles;
  bool synced = false;
  std::unique_ptr<Engine> engine;
};

}  // namespace hypertier::control
