// SPDX-License-Identifier: Apache-2.0
//
// hypertierd as a program, over libvirt's built-in test driver (which needs no libvirtd).
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "host-service/daemon/event_log.h"
#include "host-service/daemon/exit_codes.h"
#include "host-service/daemon/instance_lock.h"
#include "host-service/daemon/journal.h"
#include "host-service/daemon/log.h"
#include "hypertier/v1/hypertier.grpc.pb.h"
#include "hypertier/v1/qos.grpc.pb.h"

namespace hypertier::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What `logged` writes to stderr in a format, line by line.
template <typename Logged>
std::vector<std::string> Lines(const std::string& format, const Logged& logged) {
  SetUpLog("info", format);
  ::testing::internal::CaptureStderr();
  logged();
  std::istringstream text(::testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

// The line's members: it must be a JSON object.
google::protobuf::Struct Members(const std::string& line) {
  google::protobuf::Struct object;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(line, &object).ok()) << line;
  return object;
}
std::string Member(const google::protobuf::Struct& object, const std::string& name) {
  const auto member = object.fields().find(name);
  return member == object.fields().end() ? "-" : member->second.string_value();
}

class DaemonTest : public ::testing::Test {
 protected:
  DaemonTest() {
    char pattern[] = "/tmp/hypertierd-test-XXXXXX";
    directory_ = mkdtemp(pattern);
  }
  ~DaemonTest() override {
    for (const pid_t pid : children_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    std::filesystem::remove_all(directory_);
  }

  // Starts hypertierd; what it writes goes to output().
  pid_t Spawn(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), HYPERTIERD);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string log = directory_ + "/log";
    const pid_t pid = fork();
    if (pid == 0) {
      const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(out, STDOUT_FILENO);
      dup2(out, STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    children_.push_back(pid);
    return pid;
  }
  int Wait(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    std::erase(children_, pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  int Run(std::vector<std::string> arguments) { return Wait(Spawn(std::move(arguments))); }
  std::string Output() const {
    std::ostringstream text;
    text << std::ifstream(directory_ + "/log").rdbuf();
    return text.str();
  }

  v1::Host Host(const std::string& name) {
    const auto stub = v1::QosService::NewStub(
        grpc::CreateChannel("unix:" + directory_ + "/" + name + ".sock", grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    v1::GetHostResponse response;
    const grpc::Status status = stub->GetHost(&context, {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.host();
  }
  std::vector<std::string> Problems(const std::string& name) {
    const v1::Host host = Host(name);
    return {host.problems().begin(), host.problems().end()};
  }
  std::vector<std::string> Classes(const std::string& name) {
    const v1::Host host = Host(name);
    return {host.qos_classes().begin(), host.qos_classes().end()};
  }

  std::string Config(const std::string& name, const std::string& more = "",
                     const std::string& uri = "test:///default") {
    const std::string path = directory_ + "/" + name + ".toml";
    std::ofstream(path) << "[listen]\ngrpc = \"unix:" << directory_ << "/" << name
                        << ".sock\"\nmetrics = \"\"\nstatus = \"\"\n"
                        << "[libvirt]\nuri = \"" << uri << "\"\n[state]\nledger = \"" << directory_
                        << "/ledger.sqlite\"\n"
                        << more;
    return path;
  }
  grpc::Status List(const std::string& name, v1::ListVmsResponse& list) {
    const auto stub = v1::HyperTierService::NewStub(
        grpc::CreateChannel("unix:" + directory_ + "/" + name + ".sock", grpc::InsecureChannelCredentials()));
    grpc::Status status;
    for (int i = 0; i < 600; ++i) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
      status = stub->ListVms(&context, {}, &list);
      if (status.ok()) break;
      usleep(100'000);
    }
    return status;
  }

  std::string directory_;
  std::vector<pid_t> children_;
};

TEST_F(DaemonTest, ServesUntilItIsToldToEndAndCleansUp) {
  const pid_t pid = Spawn({"--config", Config("one")});
  v1::ListVmsResponse list;
  ASSERT_TRUE(List("one", list).ok()) << Output();
  ASSERT_EQ(list.vms_size(), 1);
  EXPECT_EQ(list.vms(0).display_name(), "test");
  EXPECT_EQ(list.vms(0).management(), v1::MANAGEMENT_UNMANAGED);
  EXPECT_THAT(list.vms(0).reason(), HasSubstr("not two-tier"));
  kill(pid, SIGTERM);
  EXPECT_EQ(Wait(pid), kExitOk) << Output();
  EXPECT_FALSE(std::filesystem::exists(directory_ + "/one.sock"));
}

TEST_F(DaemonTest, ASecondInstanceOnTheSameLedgerIsRefused) {
  const pid_t pid = Spawn({"--config", Config("one")});
  v1::ListVmsResponse list;
  ASSERT_TRUE(List("one", list).ok()) << Output();
  EXPECT_EQ(Run({"--config", Config("two")}), kExitRunning);
  EXPECT_THAT(Output(), HasSubstr("another hypertierd"));
  kill(pid, SIGKILL);
  EXPECT_EQ(Wait(pid), -SIGKILL);
  const pid_t next = Spawn({"--config", Config("one")});
  EXPECT_TRUE(List("one", list).ok()) << "killed, it leaves a socket behind but no lock";
  kill(next, SIGINT);
  EXPECT_EQ(Wait(next), kExitOk);
}

TEST_F(DaemonTest, ALibvirtThatIsNotThereKeepsItFromNothing) {
  const pid_t pid = Spawn({"--config", Config("one", "", "qemu+unix:///system?socket=/nonexistent/libvirt-sock")});
  const auto stub = v1::HyperTierService::NewStub(
      grpc::CreateChannel("unix:" + directory_ + "/one.sock", grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  v1::ListVmsResponse list;
  EXPECT_EQ(stub->ListVms(&context, {}, &list).error_code(), grpc::StatusCode::UNAVAILABLE);
  kill(pid, SIGTERM);
  EXPECT_EQ(Wait(pid), kExitOk) << Output();
}

TEST_F(DaemonTest, SighupTakesOverAGoodConfigurationAndKeepsTheLastGoodOneOtherwise) {
  const pid_t pid = Spawn({"--config", Config("one")});
  v1::ListVmsResponse list;
  ASSERT_TRUE(List("one", list).ok()) << Output();
  const auto reload = [&](const std::string& more) {
    Config("one", more);
    kill(pid, SIGHUP);
  };
  // What the API answers follows in its own time.
  const auto until = [&](const auto& done) {
    for (int i = 0; i < 600 && !done(); ++i) usleep(100'000);
    EXPECT_TRUE(done()) << Output();
  };
  const auto problem = [&](const std::string& text) {
    const std::vector<std::string> problems = Problems("one");
    return text.empty() ? problems.empty() : problems.size() == 1 && problems[0].find(text) != std::string::npos;
  };
  reload("[class.gold]\nfmem_shares = 4\n");
  until([&] { return Classes("one") == std::vector<std::string>{"gold"}; });
  EXPECT_THAT(Output(), HasSubstr("the new configuration is in force"));
  EXPECT_TRUE(problem(""));
  reload("[class.silver]\nfmem_shares = \"much\"\n");
  until([&] { return problem("class.silver.fmem_shares"); });
  EXPECT_THAT(Output(), HasSubstr("the last one stays in force"));
  EXPECT_THAT(Classes("one"), ElementsAre("gold"));
  reload("[agent]\nreport_interval_ms = 700\n");
  until([&] { return problem("agent.report_interval_ms takes a restart"); });
  EXPECT_THAT(Classes("one"), IsEmpty());
  reload("[class.gold]\nfmem_shares = 4\n");
  until([&] { return problem(""); });
  kill(pid, SIGTERM);
  EXPECT_EQ(Wait(pid), kExitOk) << Output();
}

TEST_F(DaemonTest, EachLineOfItsLogIsAnObjectWhereJsonIsAskedFor) {
  const pid_t pid = Spawn({"--config", Config("one"), "--log-format", "json", "--log-level", "debug"});
  v1::ListVmsResponse list;
  ASSERT_TRUE(List("one", list).ok()) << Output();
  Config("one", "[resize]\ntimeout_s = \"so\\non\"\n");
  kill(pid, SIGHUP);
  for (int i = 0; i < 600 && Output().find("config_refused") == std::string::npos; ++i) usleep(100'000);
  kill(pid, SIGTERM);
  EXPECT_EQ(Wait(pid), kExitOk);
  std::istringstream text(Output());
  std::vector<std::string> events;
  for (std::string line; std::getline(text, line);) {
    const google::protobuf::Struct object = Members(line);
    for (const char* name : {"time", "level", "message"}) EXPECT_NE(Member(object, name), "-") << line;
    events.push_back(Member(object, "event"));
  }
  for (const char* event : {"libvirt_connected", "started", "config_refused", "stopping"}) {
    EXPECT_THAT(events, ::testing::Contains(event)) << Output();
  }
}

TEST_F(DaemonTest, CheckConfigSaysOkOrNamesEveryError) {
  EXPECT_EQ(Run({"--check-config", "--config", Config("good")}), kExitOk);
  EXPECT_THAT(Output(), HasSubstr("OK"));
  EXPECT_EQ(
      Run({"--check-config", "--config", Config("bad", "[resize]\ntimeout_s = \"soon\"\n[residency]\nslak = 1\n")}),
      kExitUsage);
  EXPECT_THAT(Output(), HasSubstr("resize.timeout_s"));
  EXPECT_THAT(Output(), HasSubstr("slak"));
  EXPECT_EQ(Run({"--config", directory_ + "/absent.toml"}), kExitUsage);
}

TEST_F(DaemonTest, WrongUseAndWrongLedgerHaveTheirOwnExitStatus) {
  EXPECT_EQ(Run({"--no-such-flag"}), kExitUsage);
  EXPECT_EQ(Run({"--version"}), kExitOk);
  EXPECT_EQ(Run({"--help-config"}), kExitOk);
  EXPECT_THAT(Output(), HasSubstr("unix:/run/hypertier/hypertierd.sock"));
  std::ofstream(directory_ + "/ledger.sqlite") << std::string(8192, 'x');
  EXPECT_EQ(Run({"--config", Config("one")}), kExitLedger);
  EXPECT_THAT(Output(), HasSubstr("ledger.sqlite"));
}

TEST_F(DaemonTest, AnAddressThatIsTakenEndsItWithTheReason) {
  std::filesystem::create_directories(directory_ + "/one.sock/inside");
  EXPECT_EQ(Run({"--config", Config("one")}), kExitListen);
  EXPECT_THAT(Output(), HasSubstr("is not a socket"));
}

TEST(InstanceLock, IsFreeAgainOnceItsHolderIsGone) {
  char pattern[] = "/tmp/hypertierd-lock-XXXXXX";
  const std::string ledger = std::string(mkdtemp(pattern)) + "/deep/ledger.sqlite";
  {
    const auto first = InstanceLock::Take(ledger);
    ASSERT_TRUE(first.ok()) << first.status();
    EXPECT_EQ(InstanceLock::Take(ledger).status().code(), absl::StatusCode::kAlreadyExists);
  }
  EXPECT_TRUE(InstanceLock::Take(ledger).ok());
  EXPECT_TRUE(InstanceLock::Take(":memory:").ok());
  std::filesystem::remove_all(std::filesystem::path(ledger).parent_path().parent_path());
}

TEST(EventLog, OneNoisyVmCannotFillTheDisk) {
  EventLog log;
  int admitted = 0;
  int told = 0;
  for (int i = 0; i < 10'000; ++i) {
    const EventLog::Admission admission = log.Admit("noisy", absl::Seconds(i / 1000));
    admitted += admission.write;
    told += admission.full;
  }
  EXPECT_EQ(admitted, EventLog::kMostPerMinute);
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(log.Admit("quiet", absl::Seconds(9)).write);
  const EventLog::Admission later = log.Admit("noisy", absl::Minutes(2));
  EXPECT_TRUE(later.write);
  EXPECT_EQ(later.left_out, 10'000U - EventLog::kMostPerMinute);
  EXPECT_EQ(log.Admit("noisy", absl::Minutes(4)).left_out, 0U);
}

TEST(EventLog, SaysWhichVmTenantTierAndOperationALineIsAbout) {
  control::Vm vm;
  vm.uuid = "u-1";
  vm.name = "web\"1\n\xff";
  vm.tenant = "acme";
  vm.operation = "0a";
  const auto note = [&] {
    EventLog().Note(vm, {control::EventKind::kViolating, absl::Now(), "fmem: holds 1 GiB", TierId::kFmem});
  };
  const std::vector<std::string> json = Lines("json", note);
  ASSERT_EQ(json.size(), 1U);
  const google::protobuf::Struct object = Members(json[0]);
  EXPECT_EQ(Member(object, "event"), "violating");
  EXPECT_EQ(Member(object, "level"), "warning");
  EXPECT_EQ(Member(object, "vm"), "u-1");
  EXPECT_EQ(Member(object, "name"), "web\"1\n\xef\xbf\xbd");
  EXPECT_EQ(Member(object, "tenant"), "acme");
  EXPECT_EQ(Member(object, "tier"), "fmem");
  EXPECT_EQ(Member(object, "operation"), "0a");
  EXPECT_EQ(Member(object, "message"), "fmem: holds 1 GiB");
  const std::vector<std::string> text = Lines("text", note);
  ASSERT_EQ(text.size(), 1U);
  EXPECT_THAT(text[0], HasSubstr("warning: vm web\"1 \\xff (u-1): fmem: holds 1 GiB"));
}

TEST(EventLog, AResizeSaysWhenItBeginsAndHowItEnds) {
  control::Vm vm;
  vm.uuid = "u-1";
  vm.name = "web1";
  OperationRecord operation;
  operation.id = "0a";
  operation.uuid = "u-1";
  operation.targets.fmem() = Bytes::GiB(1);
  operation.created = absl::FromUnixSeconds(100);
  EventLog log;
  const std::vector<std::string> lines = Lines("json", [&] {
    log.Operation(&vm, operation);
    operation.ended = absl::FromUnixSeconds(103);
    operation.state = OperationRecord::State::kFailed;
    operation.error = absl::DeadlineExceededError("not reached in time");
    log.Operation(nullptr, operation);
  });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(Member(Members(lines[0]), "event"), "operation_accepted");
  EXPECT_EQ(Member(Members(lines[0]), "tier"), "fmem");
  EXPECT_EQ(Member(Members(lines[0]), "message"), "operations/0a accepted: fmem 1 GiB");
  EXPECT_EQ(Member(Members(lines[1]), "event"), "operation_failed");
  EXPECT_EQ(Member(Members(lines[1]), "name"), "-");
  EXPECT_EQ(Member(Members(lines[1]), "operation"), "0a");
  EXPECT_EQ(Member(Members(lines[1]), "message"), "operations/0a failed after 3.0 s: not reached in time");
}

TEST(EventLog, WhatIsLeftOutIsSaid) {
  control::Vm vm;
  vm.uuid = "u-1";
  EventLog log;
  const std::vector<std::string> lines = Lines("json", [&] {
    for (int i = 0; i < 100; ++i) log.Note(vm, {control::EventKind::kReboot, absl::Now(), "again", std::nullopt});
  });
  ASSERT_EQ(lines.size(), EventLog::kMostPerMinute + 1U);
  EXPECT_EQ(Member(Members(lines.back()), "event"), "log_limited");
  EXPECT_EQ(Member(Members(lines.back()), "vm"), "u-1");
}

TEST(EventLog, AGuestCannotHideWhatItsHostDoes) {
  control::Vm vm;
  vm.uuid = "u-1";
  EventLog log;
  const std::vector<std::string> lines = Lines("json", [&] {
    for (int i = 0; i < 100; ++i) log.Note(vm, {control::EventKind::kReboot, absl::Now(), "again", std::nullopt});
    log.Note(vm, {control::EventKind::kDestroyed, absl::Now(), "kept too much", std::nullopt});
    OperationRecord operation;
    operation.uuid = "u-1";
    log.Operation(&vm, operation);
    log.Trouble(&vm, "confining it", absl::InternalError("no"));
  });
  ASSERT_GE(lines.size(), 3U);
  EXPECT_EQ(Member(Members(lines[lines.size() - 3]), "event"), "destroyed");
  EXPECT_EQ(Member(Members(lines[lines.size() - 2]), "event"), "operation_accepted");
  EXPECT_EQ(Member(Members(lines.back()), "event"), "trouble");
  EXPECT_EQ(Member(Members(lines.back()), "vm"), "u-1");
}

TEST(Journal, IsThereWhereStderrIsWhatSystemdConnected) {
  struct stat there = {};
  ASSERT_EQ(fstat(STDERR_FILENO, &there), 0);
  EXPECT_TRUE(IsJournal(fmt::format("{}:{}", there.st_dev, there.st_ino).c_str(), STDERR_FILENO));
  // Inherited, and redirected since.
  EXPECT_FALSE(IsJournal(fmt::format("{}:{}", there.st_dev, there.st_ino + 1).c_str(), STDERR_FILENO));
  for (const char* stream : {"", ":", "1", "1:", ":1", "a:b", "1:2:3", "-1:2"}) {
    EXPECT_FALSE(IsJournal(stream, STDERR_FILENO)) << stream;
  }
  EXPECT_FALSE(IsJournal(nullptr, STDERR_FILENO));
}

}  // namespace
}  // namespace hypertier::daemon
