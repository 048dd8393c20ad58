// SPDX-License-Identifier: Apache-2.0
//
// Against libvirt's own test driver (https://libvirt.org/drvtest.html), which needs no daemon. Hanging domains are
// simulated by Options::before_call. What needs a daemon (lost connections, attaching) is in the integration tests.
#include "host-service/libvirt/libvirt_hypervisor.h"

#include <gmock/gmock.h>
#include <libvirt/libvirt.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <mutex>
#include <vector>

#include "common/text.h"
#include "host-service/libvirt/event_loop.h"
#include "host-service/libvirt/test_wait.h"

namespace hypertier {
namespace {

using test::Eventually;
using test::Gate;
using ::testing::HasSubstr;

constexpr char kDefaultUri[] = "test:///default";
// The domain that every test:///default has.
constexpr char kDefaultUuid[] = "6695eb01-f6a4-8304-79aa-97f2502e193f";

std::string Uuid(int number) {
  char text[37];
  snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012d", number);
  return text;
}

std::string DomainXml(int number, const std::string& extra = "") {
  return "<domain type='test'><name>vm" + std::to_string(number) + "</name><uuid>" + Uuid(number) +
         "</uuid><memory>8192</memory><os><type>hvm</type></os>" + extra + "</domain>";
}

// Keeps what it is told, as a control thread would.
class Recorder : public HypervisorEvents {
 public:
  void OnResync(std::vector<DomainInfo> domains) override {
    const std::lock_guard lock(mutex_);
    domains_.clear();
    for (DomainInfo& domain : domains) domains_[domain.uuid] = std::move(domain);
    ++resyncs_;
  }
  void OnDomain(DomainInfo domain) override {
    const std::lock_guard lock(mutex_);
    domains_[domain.uuid] = std::move(domain);
    ++domain_events_;
  }
  void OnDomainGone(const std::string& uuid) override {
    const std::lock_guard lock(mutex_);
    domains_.erase(uuid);
  }
  void OnReboot(const std::string& uuid) override {
    const std::lock_guard lock(mutex_);
    reboots_.push_back(uuid);
  }
  void OnDisconnected(const std::string& reason) override {
    const std::lock_guard lock(mutex_);
    disconnects_.push_back(reason);
  }

  int resyncs() const { return Get(resyncs_); }
  int domain_events() const { return Get(domain_events_); }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return domains_.size();
  }
  std::vector<std::string> disconnects() const { return Get(disconnects_); }
  // A DomainInfo with empty uuid if it is not known.
  DomainInfo domain(const std::string& uuid) const {
    const std::lock_guard lock(mutex_);
    const auto it = domains_.find(uuid);
    return it == domains_.end() ? DomainInfo() : it->second;
  }
  bool Knows(const std::string& uuid) const { return !domain(uuid).uuid.empty(); }
  bool IsIn(const std::string& uuid, DomainState state) const { return Knows(uuid) && domain(uuid).state == state; }

 private:
  template <typename T>
  T Get(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  mutable std::mutex mutex_;
  std::map<std::string, DomainInfo> domains_;
  int resyncs_ = 0;
  int domain_events_ = 0;
  std::vector<std::string> reboots_;
  std::vector<std::string> disconnects_;
};

// Another client of the same test:///default, with which a test changes domains. What it defines goes with it.
class LibvirtHypervisorTest : public ::testing::Test {
 protected:
  LibvirtHypervisorTest() {
    StartLibvirtEventLoop();
    client_ = virConnectOpen(kDefaultUri);
    EXPECT_NE(client_, nullptr);
  }
  ~LibvirtHypervisorTest() override {
    gate_.Open();
    for (const int number : defined_) {
      if (virDomainPtr domain = Find(number)) {
        virDomainDestroy(domain);
        virDomainUndefine(domain);
        virDomainFree(domain);
      }
    }
    virConnectClose(client_);
  }

  void Define(int number, const std::string& extra = "") {
    virDomainPtr domain = virDomainDefineXML(client_, DomainXml(number, extra).c_str());
    ASSERT_NE(domain, nullptr);
    virDomainFree(domain);
    defined_.push_back(number);
  }
  virDomainPtr Find(int number) { return virDomainLookupByUUIDString(client_, Uuid(number).c_str()); }
  // Calls one of libvirt's functions on a domain.
  void Do(int number, int (*function)(virDomainPtr)) {
    virDomainPtr domain = Find(number);
    ASSERT_NE(domain, nullptr);
    EXPECT_EQ(function(domain), 0);
    virDomainFree(domain);
  }

  // So patient that a busy machine makes no domain late.
  LibvirtHypervisor::Options Options() {
    LibvirtHypervisor::Options options;
    options.uri = kDefaultUri;
    options.call_timeout = options.resync_patience = absl::Minutes(1);
    return options;
  }
  // Calls of domain `number` hang at the gate.
  LibvirtHypervisor::Options Hanging(int number, const std::string& call) {
    LibvirtHypervisor::Options options = Options();
    options.call_timeout = absl::Milliseconds(200);
    options.resync_patience = absl::Milliseconds(100);
    options.stop_patience = absl::Milliseconds(100);
    options.before_call = [wait = gate_.Call(), hung = Uuid(number), call](const std::string& now,
                                                                           const std::string& uuid) {
      if (uuid == hung && now == call) wait(0).IgnoreError();
    };
    return options;
  }
  void StartAndResync(LibvirtHypervisor& hypervisor) {
    hypervisor.Start(&events_);
    ASSERT_TRUE(Eventually([&] { return events_.resyncs() == 1; }));
  }

  virConnectPtr client_;
  std::vector<int> defined_;
  Gate gate_;
  Recorder events_;
};

TEST_F(LibvirtHypervisorTest, TellsOfEveryDomainThereIs) {
  Define(1);
  LibvirtHypervisor hypervisor(Options());
  StartAndResync(hypervisor);
  EXPECT_EQ(events_.size(), 2U);
  const DomainInfo running = events_.domain(kDefaultUuid);
  EXPECT_EQ(running.name, "test");
  EXPECT_EQ(running.state, DomainState::kRunning);
  EXPECT_TRUE(running.answered);
  EXPECT_THAT(running.xml, HasSubstr(kDefaultUuid));
  EXPECT_EQ(events_.domain(Uuid(1)).state, DomainState::kShutOff);
}

TEST_F(LibvirtHypervisorTest, FollowsADomainThroughItsLife) {
  LibvirtHypervisor hypervisor(Options());
  StartAndResync(hypervisor);
  Define(1);
  EXPECT_TRUE(Eventually([&] { return events_.IsIn(Uuid(1), DomainState::kShutOff); }));
  Do(1, virDomainCreate);
  EXPECT_TRUE(Eventually([&] { return events_.IsIn(Uuid(1), DomainState::kRunning); }));
  Do(1, virDomainSuspend);
  EXPECT_TRUE(Eventually([&] { return events_.IsIn(Uuid(1), DomainState::kPaused); }));
  Do(1, virDomainResume);
  EXPECT_TRUE(Eventually([&] { return events_.IsIn(Uuid(1), DomainState::kRunning); }));
  Do(1, virDomainUndefine);  // it runs on, transient
  Do(1, virDomainDestroy);
  EXPECT_TRUE(Eventually([&] { return !events_.Knows(Uuid(1)); }));
  EXPECT_TRUE(events_.Knows(kDefaultUuid));
}

TEST_F(LibvirtHypervisorTest, NoticesChangedDefinitionsAndMetadata) {
  LibvirtHypervisor hypervisor(Options());
  Define(1);
  StartAndResync(hypervisor);
  Define(1, "<title>another</title>");
  EXPECT_TRUE(Eventually([&] { return events_.domain(Uuid(1)).xml.find("another") != std::string::npos; }));
  virDomainPtr domain = Find(1);
  ASSERT_EQ(virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_DESCRIPTION, "tenant-b", nullptr, nullptr, 0), 0);
  virDomainFree(domain);
  EXPECT_TRUE(Eventually([&] { return events_.domain(Uuid(1)).xml.find("tenant-b") != std::string::npos; }));
}

TEST_F(LibvirtHypervisorTest, EndsUpWithTheLastStateOfDomainsThatChangeAllTheTime) {
  LibvirtHypervisor hypervisor(Options());
  for (int i = 1; i <= 5; ++i) Define(i);
  StartAndResync(hypervisor);
  for (int round = 0; round < 100; ++round) {
    for (int i = 1; i <= 5; ++i) Do(i, virDomainCreate);
    for (int i = 1; i <= 5; ++i) {
      if (round < 99 || i % 2 == 0) Do(i, virDomainDestroy);
    }
  }
  for (int i = 1; i <= 5; ++i) {
    const DomainState last = i % 2 == 0 ? DomainState::kShutOff : DomainState::kRunning;
    EXPECT_TRUE(Eventually([&] { return events_.IsIn(Uuid(i), last); })) << i;
  }
}

TEST_F(LibvirtHypervisorTest, MakesOneLookOfManyEvents) {
  Define(1);
  std::atomic<int> reads = 0;
  LibvirtHypervisor::Options options = Options();
  options.before_call = [&, wait = gate_.Call()](const std::string&, const std::string& uuid) {
    if (uuid == Uuid(1) && ++reads == 2) wait(0).IgnoreError();
  };
  LibvirtHypervisor hypervisor(options);
  StartAndResync(hypervisor);
  hypervisor.Refresh(Uuid(1));
  ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 1; }));
  for (int i = 0; i < 100; ++i) hypervisor.Refresh(Uuid(1));
  gate_.Open();
  ASSERT_TRUE(Eventually([&] { return events_.domain_events() == 2; }));
  EXPECT_EQ(reads, 3) << "the resync, the one that was under way, and one more for all that came meanwhile";
}

TEST_F(LibvirtHypervisorTest, RefreshOfADomainThatIsNotThereSaysThatItIsGone) {
  LibvirtHypervisor hypervisor(Options());
  StartAndResync(hypervisor);
  events_.OnDomain({.uuid = Uuid(7), .name = "x", .state = DomainState::kRunning, .xml = "", .answered = true});
  hypervisor.Refresh(Uuid(7));
  EXPECT_TRUE(Eventually([&] { return !events_.Knows(Uuid(7)); }));
}

TEST_F(LibvirtHypervisorTest, ADomainThatHangsDelaysNeitherTheOthersNorTheResync) {
  Define(1);
  Define(2);
  LibvirtHypervisor::Options options = Hanging(1, "read");
  options.workers = 1;
  LibvirtHypervisor hypervisor(options);
  StartAndResync(hypervisor);
  const DomainInfo late = events_.domain(Uuid(1));
  EXPECT_EQ(late.name, "vm1");
  EXPECT_FALSE(late.answered);
  EXPECT_EQ(late.state, DomainState::kUnknown);
  EXPECT_EQ(late.xml, "");

  // With the only worker stuck in it, the others are still served.
  Do(2, virDomainCreate);
  EXPECT_TRUE(Eventually([&] { return events_.IsIn(Uuid(2), DomainState::kRunning); }));
  Do(1, virDomainCreate);
  absl::Status status;
  std::atomic<bool> answered = false;
  hypervisor.AttachAgentChannel(Uuid(1), [&](absl::Status s) {
    status = std::move(s);
    answered = true;
  });
  ASSERT_TRUE(Eventually([&] { return answered.load(); }));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);

  gate_.Open();
  EXPECT_TRUE(Eventually([&] { return events_.IsIn(Uuid(1), DomainState::kRunning); })) << "it follows once it answers";
  EXPECT_TRUE(events_.domain(Uuid(1)).answered);
  EXPECT_EQ(events_.resyncs(), 1);
}

TEST_F(LibvirtHypervisorTest, AnAttachThatHangsIsAnsweredAtItsDeadlineAndEndsWithTheDomain) {
  Define(1);
  LibvirtHypervisor hypervisor(Hanging(1, "attach"));
  StartAndResync(hypervisor);
  std::mutex mutex;
  std::vector<absl::Status> answers;
  hypervisor.AttachAgentChannel(Uuid(1), [&](absl::Status status) {
    const std::lock_guard lock(mutex);
    answers.push_back(std::move(status));
  });
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return answers.size();
  };
  ASSERT_TRUE(Eventually([&] { return count() == 1; }));
  EXPECT_EQ(answers[0].code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(ToString(answers[0].message()), HasSubstr(Uuid(1)));
  ASSERT_TRUE(Eventually([&] { return events_.domain(Uuid(1)).answered; }));
  const int before = events_.domain_events();
  gate_.Open();
  EXPECT_TRUE(Eventually([&] { return events_.domain_events() > before; }));
  EXPECT_EQ(count(), 1U);
}

TEST_F(LibvirtHypervisorTest, TurnsLibvirtsErrorsIntoStatusesThatNameTheDomain) {
  Define(1);
  LibvirtHypervisor hypervisor(Options());
  StartAndResync(hypervisor);
  const auto attach = [&](const std::string& uuid) {
    absl::Status status;
    std::atomic<bool> answered = false;
    hypervisor.AttachAgentChannel(uuid, [&](absl::Status s) {
      status = std::move(s);
      answered = true;
    });
    EXPECT_TRUE(Eventually([&] { return answered.load(); }));
    return status;
  };
  const absl::Status unsupported = attach(Uuid(1));
  EXPECT_EQ(unsupported.code(), absl::StatusCode::kUnimplemented) << unsupported;
  EXPECT_THAT(ToString(unsupported.message()), HasSubstr("domain vm1"));
  const absl::Status unknown = attach(Uuid(9));
  EXPECT_EQ(unknown.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(ToString(unknown.message()), HasSubstr(Uuid(9)));
}

TEST_F(LibvirtHypervisorTest, ARequestOfADomainWithoutVirtioMemIsRefusedByNameOfTheTierAndReadsTheDomainAgain) {
  Define(1);
  LibvirtHypervisor hypervisor(Options());
  StartAndResync(hypervisor);
  const int before = events_.domain_events();
  std::promise<absl::Status> answer;
  hypervisor.SetRequested(Uuid(1), {Bytes::MiB(64), Bytes()}, [&](absl::Status s) { answer.set_value(std::move(s)); });
  const absl::Status status = answer.get_future().get();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(ToString(status.message()), HasSubstr("no virtio-mem device for fmem"));
  EXPECT_TRUE(Eventually([&] { return events_.domain_events() > before; }));
}

TEST_F(LibvirtHypervisorTest, StopComesBackWhileADomainHangsAndNothingIsToldAfterwards) {
  Define(1);
  std::atomic<int> told = 0;
  {
    LibvirtHypervisor hypervisor(Hanging(1, "attach"));
    StartAndResync(hypervisor);
    hypervisor.AttachAgentChannel(Uuid(1), [&](const absl::Status&) { ++told; });
    ASSERT_TRUE(Eventually([&] { return gate_.waiting() == 1; }));
    hypervisor.Stop();
  }
  const int before = told;
  const int events_before = events_.domain_events();
  gate_.Open();
  Do(1, virDomainCreate);
  EXPECT_TRUE(Eventually([&] { return gate_.waiting() == 0; }));
  EXPECT_EQ(told, before);
  EXPECT_EQ(events_.domain_events(), events_before);
}

TEST_F(LibvirtHypervisorTest, ConnectsOnceItCanAndTellsWhyNotOnce) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("libvirt-test-" + std::to_string(getpid()))).string();
  std::ofstream(path) << "<not-a-node/>";
  LibvirtHypervisor::Options options = Options();
  options.uri = "test://" + path;
  options.min_backoff = options.max_backoff = absl::Milliseconds(20);
  std::atomic<int> reads = 0;
  options.before_call = [&](const std::string&, const std::string&) { ++reads; };
  LibvirtHypervisor hypervisor(options);
  hypervisor.Start(&events_);
  absl::Status status;
  std::atomic<bool> answered = false;
  hypervisor.AttachAgentChannel(Uuid(1), [&](absl::Status s) {
    status = std::move(s);
    answered = true;
  });
  ASSERT_TRUE(Eventually([&] { return answered.load(); }));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << "not connected";
  ASSERT_TRUE(Eventually([&] { return events_.disconnects().size() == 1; }));
  EXPECT_THAT(events_.disconnects()[0], HasSubstr(options.uri));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(events_.disconnects().size(), 1U);

  constexpr int kDomains = 200;
  std::string node = "<node>";
  for (int i = 0; i < kDomains; ++i) node += DomainXml(i);
  std::ofstream(path + ".new") << node << "</node>";
  std::filesystem::rename(path + ".new", path);  // at once: it is being read
  EXPECT_TRUE(Eventually([&] { return events_.resyncs() == 1; }));
  EXPECT_EQ(events_.size(), static_cast<std::size_t>(kDomains));
  for (int i = 0; i < kDomains; ++i) EXPECT_TRUE(events_.domain(Uuid(i)).answered) << i;
  EXPECT_EQ(reads, kDomains);
  hypervisor.Stop();
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace hypertier
