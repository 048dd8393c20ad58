// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/unique_fd.h"

namespace hypertier::agent {

// The few calls of perf_event_open(2) that are used, so that tests fake them. Each gives 0 or an errno value.
class PerfKernel {
 public:
  virtual ~PerfKernel() = default;

  // pid 0: the calling thread, -1: all processes (then `cpu` is given). `group` is -1 or its leader.
  virtual int Open(perf_event_attr& attr, pid_t pid, int cpu, int group, UniqueFd& fd) = 0;
  // Control page and `data_bytes` behind it.
  virtual int Map(int fd, std::size_t data_bytes, void*& memory) = 0;
  virtual void Unmap(void* memory, std::size_t data_bytes) = 0;
  // Records of `fd` go to the ring of `to`.
  virtual int SetOutput(int fd, int to) = 0;
  virtual int SetPeriod(int fd, std::uint64_t period) = 0;
  // Also the other events of its group.
  virtual int Enable(int fd) = 0;
  virtual int Disable(int fd) = 0;
  virtual std::size_t page_bytes() const = 0;
};

// The real one. Stateless.
PerfKernel& SystemPerfKernel();

// A mapped ring, unmapped at the end.
class PerfMapping {
 public:
  PerfMapping() = default;
  PerfMapping(PerfKernel& kernel, void* memory, std::size_t data_bytes)
      : kernel_(&kernel), memory_(memory), data_bytes_(data_bytes) {}
  PerfMapping(PerfMapping&& other) noexcept
      : kernel_(other.kernel_), memory_(std::exchange(other.memory_, nullptr)), data_bytes_(other.data_bytes_) {}
  PerfMapping& operator=(PerfMapping&& other) noexcept {
    std::swap(kernel_, other.kernel_);
    std::swap(memory_, other.memory_);
    std::swap(data_bytes_, other.data_bytes_);
    return *this;
  }
  ~PerfMapping() {
    if (memory_ != nullptr) kernel_->Unmap(memory_, data_bytes_);
  }
  void* memory() const { return memory_; }

 private:
  PerfKernel* kernel_ = nullptr;
  void* memory_ = nullptr;
  std::size_t data_bytes_ = 0;
};

}  // namespace hypertier::agent
