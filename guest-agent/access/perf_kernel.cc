// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/perf_kernel.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace hypertier::agent {
namespace {

int ErrorOf(int result) {
  return result == 0 ? 0 : errno;
}

class RealPerfKernel final : public PerfKernel {
 public:
  int Open(perf_event_attr& attr, pid_t pid, int cpu, int group, UniqueFd& fd) override {
    fd.reset(static_cast<int>(syscall(SYS_perf_event_open, &attr, pid, cpu, group, PERF_FLAG_FD_CLOEXEC)));
    return fd ? 0 : errno;
  }
  int Map(int fd, std::size_t data_bytes, void*& memory) override {
    memory = mmap(nullptr, page_bytes() + data_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory != MAP_FAILED) return 0;
    memory = nullptr;
    return errno;
  }
  void Unmap(void* memory, std::size_t data_bytes) override { munmap(memory, page_bytes() + data_bytes); }
  int SetOutput(int fd, int to) override { return ErrorOf(ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, to)); }
  int SetPeriod(int fd, std::uint64_t period) override { return ErrorOf(ioctl(fd, PERF_EVENT_IOC_PERIOD, &period)); }
  int Enable(int fd) override { return ErrorOf(ioctl(fd, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP)); }
  int Disable(int fd) override { return ErrorOf(ioctl(fd, PERF_EVENT_IOC_DISABLE, PERF_IOC_FLAG_GROUP)); }
  std::size_t page_bytes() const override { return static_cast<std::size_t>(getpagesize()); }
};

}  // namespace

PerfKernel& SystemPerfKernel() {
  static RealPerfKernel kernel;
  return kernel;
}

}  // namespace hypertier::agent
