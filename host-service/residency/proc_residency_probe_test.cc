// SPDX-License-Identifier: Apache-2.0
#include "host-service/residency/proc_residency_probe.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "common/text.h"
#include "common/unique_fd.h"

namespace hypertier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Backing = domain::Description::Backing;

constexpr char kUuid[] = "6695eb01-f6a4-8304-79aa-97f2502e193f";

ResidencyTarget Target(Backing backing, PerTier<Bytes> cells, std::string uuid = kUuid) {
  ResidencyTarget target;
  target.domain.uuid = std::move(uuid);
  target.domain.name = "vm";
  target.domain.cells = cells;
  target.domain.backends = {{TierId::kFmem, "ram-node0", cells.fmem()}, {TierId::kSmem, "ram-node1", cells.smem()}};
  target.domain.backing = backing;
  return target;
}

class Directory {
 public:
  Directory() {
    // On a file system that allocates exactly what is written.
    std::string pattern = "/dev/shm/residency-test-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  void Write(const std::string& name, const std::string& content) const {
    const std::filesystem::path path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A tree like that of a host with one QEMU, process 123.
class Host : public Directory {
 public:
  Host() {
    Write("run/libvirt/qemu/vm.pid", "123\n");
    Write("proc/123/cmdline", std::string("qemu-system-x86_64\0-uuid\0", 25) + kUuid + '\0');
    SetStartTime(4711);
    Write("proc/123/maps", "");
    std::filesystem::create_directories(path() / "proc/123/fd");
  }
  void SetStartTime(int ticks) const {
    std::string stat = "123 (qemu) of (x86) S";
    for (int field = 4; field < 22; ++field) stat += " 7";
    Write("proc/123/stat", stat + " " + std::to_string(ticks) + " 1 2 3\n");
  }
  // A file of `size` bytes of which the first `written` are really there, open as `fd`.
  void OpenFile(int fd, const std::string& name, std::size_t size, std::size_t written) const {
    Write(name, std::string(written, 'x'));
    std::filesystem::resize_file(path() / name, size);
    const std::filesystem::path link = path() / "proc/123/fd" / std::to_string(fd);
    std::filesystem::remove(link);
    std::filesystem::create_symlink(path() / name, link);
  }
  ProcResidencyProbe Probe() const { return ProcResidencyProbe({.root = path().string()}); }
};

constexpr std::size_t kMiB = 1 << 20;
const PerTier<Bytes> kCells(Bytes::MiB(4), Bytes::MiB(8));

TEST(ProcResidencyProbe, CountsTheBlocksOfRamFiles) {
  const Host host;
  host.OpenFile(8, "ram/1-vm/ram-node0", 4 * kMiB, kMiB);
  host.OpenFile(9, "ram/1-vm/ram-node1", 8 * kMiB, 3 * kMiB);
  ProcResidencyProbe probe = host.Probe();
  const ResidencyTarget target = Target(Backing::kFile, kCells);
  EXPECT_EQ(probe.Measure(target).value(), PerTier<Bytes>(Bytes::MiB(1), Bytes::MiB(3)));
  host.OpenFile(8, "ram/1-vm/ram-node0", 4 * kMiB, 2 * kMiB);
  EXPECT_EQ(probe.Measure(target).value(), PerTier<Bytes>(Bytes::MiB(2), Bytes::MiB(3)));
}

TEST(ProcResidencyProbe, FindsTheFilesAgainWhenADescriptorIsAnotherFileNow) {
  const Host host;
  host.OpenFile(8, "ram/1-vm/ram-node0", 4 * kMiB, kMiB);
  host.OpenFile(9, "ram/1-vm/ram-node1", 8 * kMiB, 3 * kMiB);
  ProcResidencyProbe probe = host.Probe();
  const ResidencyTarget target = Target(Backing::kFile, kCells);
  ASSERT_TRUE(probe.Measure(target).ok());
  host.OpenFile(8, "disk", 4 * kMiB, 4 * kMiB);
  host.OpenFile(10, "ram/2-vm/ram-node0", 4 * kMiB, 2 * kMiB);
  EXPECT_EQ(probe.Measure(target).value(), PerTier<Bytes>(Bytes::MiB(2), Bytes::MiB(3)));
}

constexpr char kSmapsOfQemu[] =
    "7fe893e00000-7fe894200000 rw-p 00000000 00:00 0 \nRss: 40 kB\n"
    "7fe894400000-7fe894c00000 rw-p 00000000 00:00 0 \nRss: 80 kB\n";

TEST(ProcResidencyProbe, ReadsAnonymousMemoryFromSmaps) {
  const Host host;
  host.Write("proc/123/smaps", kSmapsOfQemu);
  ProcResidencyProbe probe = host.Probe();
  const ResidencyTarget target = Target(Backing::kAnonymous, kCells);
  EXPECT_EQ(probe.Measure(target).value(), PerTier<Bytes>(Bytes::KiB(40), Bytes::KiB(80)));
  host.SetStartTime(4712);
  EXPECT_TRUE(probe.Measure(target).ok()) << "the VM was started again and got the same process number";
}

TEST(ProcResidencyProbe, FollowsTheVmToItsNextProcess) {
  const Host host;
  host.Write("proc/123/smaps", kSmapsOfQemu);
  ProcResidencyProbe probe = host.Probe();
  const ResidencyTarget target = Target(Backing::kAnonymous, kCells);
  ASSERT_TRUE(probe.Measure(target).ok());
  std::filesystem::rename(host.path() / "proc/123", host.path() / "proc/456");
  const auto gone = probe.Measure(target);
  EXPECT_EQ(gone.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(ToString(gone.status().message()), AllOf(HasSubstr("VM vm"), HasSubstr(kUuid)));
  EXPECT_EQ(probe.remembered(), 0U);
  host.Write("run/libvirt/qemu/vm.pid", "456");
  EXPECT_TRUE(probe.Measure(target).ok());
}

TEST(ProcResidencyProbe, DoesNotMeasureAnotherProcessInItsPlace) {
  const Host host;
  host.Write("proc/123/smaps", kSmapsOfQemu);
  ProcResidencyProbe probe = host.Probe();
  const ResidencyTarget target = Target(Backing::kAnonymous, kCells);
  host.Write("proc/123/cmdline", "/usr/sbin/sshd");
  EXPECT_EQ(probe.Measure(target).status().code(), absl::StatusCode::kNotFound);
  for (const char* text : {"", "x", "-5", "0", "99999999999"}) {
    host.Write("run/libvirt/qemu/vm.pid", text);
    EXPECT_EQ(probe.Measure(target).status().code(), absl::StatusCode::kNotFound) << text;
  }
  std::filesystem::remove(host.path() / "run/libvirt/qemu/vm.pid");
  EXPECT_EQ(probe.Measure(target).status().code(), absl::StatusCode::kNotFound);
}

TEST(ProcResidencyProbe, RefusesWhatItCannotMeasureAndSaysWhy) {
  const Host host;
  ProcResidencyProbe probe = host.Probe();
  ResidencyTarget target = Target(Backing::kFile, kCells);
  EXPECT_EQ(probe.Measure(target).status().code(), absl::StatusCode::kFailedPrecondition);
  target.domain.name = "../../etc/passwd";
  EXPECT_EQ(probe.Measure(target).status().code(), absl::StatusCode::kInvalidArgument);
  target.domain.cells.reset();
  target.domain.not_tiered = "it has one NUMA cell";
  EXPECT_THAT(ToString(probe.Measure(target).status().message()), HasSubstr("it has one NUMA cell"));
}

TEST(ProcResidencyProbe, ForgetsVmsThatHaveGone) {
  const Host host;
  host.Write("proc/123/smaps", kSmapsOfQemu);
  std::string command = "qemu";
  std::vector<std::string> uuids;
  for (int i = 0; i < 63; ++i) uuids.push_back("uuid-of-vm-" + std::to_string(i) + "-");
  for (const std::string& uuid : uuids) command += " " + uuid;
  host.Write("proc/123/cmdline", command + " " + kUuid);
  ProcResidencyProbe probe = host.Probe();
  for (const std::string& uuid : uuids) ASSERT_TRUE(probe.Measure(Target(Backing::kAnonymous, kCells, uuid)).ok());
  ASSERT_EQ(probe.remembered(), 63U);
  std::filesystem::rename(host.path() / "proc/123", host.path() / "proc/456");
  host.Write("run/libvirt/qemu/vm.pid", "456");
  ASSERT_TRUE(probe.Measure(Target(Backing::kAnonymous, kCells)).ok());
  EXPECT_EQ(probe.remembered(), 1U);
}

// A process with memfds and a UUID on its command line, as QEMU is one.
class MemfdHolder {
 public:
  explicit MemfdHolder(std::vector<Bytes> sizes) {
    for (const Bytes size : sizes) {
      memfds_.emplace_back(memfd_create("memory-backend-memfd", 0));
      EXPECT_EQ(ftruncate(memfds_.back().get(), static_cast<off_t>(size.count())), 0);
    }
    int pipe_ends[2];
    EXPECT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
    process_ = fork();
    if (process_ == 0) {
      dup2(pipe_ends[0], 0);
      execl("/bin/sh", "sh", "-c", "read x; : \"$0\"", kUuid, nullptr);
      _exit(127);
    }
    close(pipe_ends[0]);
    life_.reset(pipe_ends[1]);
    // Until the command line is the shell's.
    std::string command;
    while (command.find(kUuid) == std::string::npos) {
      std::ifstream file("/proc/" + std::to_string(process_) + "/cmdline");
      std::getline(file, command, '\xff');
    }
  }
  ~MemfdHolder() { Kill(); }
  MemfdHolder(const MemfdHolder&) = delete;
  MemfdHolder& operator=(const MemfdHolder&) = delete;

  void Kill() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = -1;
  }
  pid_t process() const { return process_; }
  int memfd(std::size_t index) const { return memfds_[index].get(); }

 private:
  std::vector<UniqueFd> memfds_;
  UniqueFd life_;
  pid_t process_ = -1;
};

TEST(ProcResidencyProbe, CountsThePagesOfARealProcessesMemfds) {
  MemfdHolder holder({Bytes::MiB(4), Bytes::MiB(4), Bytes::MiB(2)});
  const Directory run;
  run.Write("vm.pid", std::to_string(holder.process()));
  ProcResidencyProbe probe({.root = "", .run_dir = run.path().string()});
  const ResidencyTarget target = Target(Backing::kMemfd, {Bytes::MiB(4), Bytes::MiB(4)});
  ASSERT_TRUE(probe.Measure(target).ok()) << probe.Measure(target).status();
  EXPECT_EQ(probe.Measure(target).value(), PerTier<Bytes>());

  const std::string page(4096, 'x');
  for (int i = 0; i < 5; ++i) ASSERT_EQ(pwrite(holder.memfd(0), page.data(), page.size(), i * 8192), 4096);
  ASSERT_EQ(pwrite(holder.memfd(1), page.data(), page.size(), 0), 4096);
  EXPECT_EQ(probe.Measure(target).value(), PerTier<Bytes>(Bytes::KiB(20), Bytes::KiB(4)));

  ASSERT_EQ(fallocate(holder.memfd(0), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
  EXPECT_EQ(probe.Measure(target).value().fmem(), Bytes::KiB(16)) << "what is discarded is no longer resident";

  holder.Kill();
  EXPECT_EQ(probe.Measure(target).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(probe.remembered(), 0U);
}

TEST(ProcResidencyProbe, AddsATiersVirtioMemDeviceToItsCell) {
  MemfdHolder holder({Bytes::MiB(4), Bytes::MiB(4), Bytes::MiB(4), Bytes::MiB(8)});
  const Directory run;
  run.Write("vm.pid", std::to_string(holder.process()));
  ProcResidencyProbe probe({.root = "", .run_dir = run.path().string()});
  ResidencyTarget target = Target(Backing::kMemfd, {Bytes::MiB(4), Bytes::MiB(4)});
  target.domain.backends.push_back({TierId::kSmem, "virtiomem0", Bytes::MiB(4)});
  target.domain.backends.push_back({TierId::kFmem, "virtiomem1", Bytes::MiB(8)});
  const std::string page(4096, 'x');
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t n = 0; n <= i; ++n) {
      ASSERT_EQ(pwrite(holder.memfd(i), page.data(), page.size(), static_cast<off_t>(n) * 8192), 4096);
    }
  }
  EXPECT_EQ(probe.Measure(target).value(), PerTier<Bytes>(Bytes::KiB(4 + 16), Bytes::KiB(8 + 12)));
}

}  // namespace
}  // namespace hypertier
