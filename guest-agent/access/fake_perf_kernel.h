// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "guest-agent/access/perf_kernel.h"

namespace hypertier::agent {

// A kernel whose rings are plain memory. For tests.
class FakePerfKernel final : public PerfKernel {
 public:
  static constexpr std::size_t kPageBytes = 4096;
  static constexpr std::uint64_t kStores = 0x82d0;

  struct Event {
    perf_event_attr attr = {};
    pid_t pid = 0;
    int cpu = 0;
    int group = -1;
    int output = -1;
    bool enabled = false;
    std::uint64_t period = 0;
  };

  // Errors to give: to Open by config, to Map.
  std::map<std::uint64_t, int> open_errors;
  int system_wide_error = 0;
  int map_error = 0;
  // Called at Disable, to put records into the ring.
  std::function<void(FakePerfKernel&, int fd)> on_disable;

  std::map<int, Event> events;
  // By fd; words, for their alignment.
  std::map<int, std::vector<std::uint64_t>> rings;
  int mapped = 0;

  int Open(perf_event_attr& attr, pid_t pid, int cpu, int group, UniqueFd& fd) override {
    if (const auto error = open_errors.find(attr.config); error != open_errors.end()) return error->second;
    if (pid == -1 && system_wide_error != 0) return system_wide_error;
    fd.reset(open("/dev/null", O_RDONLY | O_CLOEXEC));
    events[fd.get()] = {attr, pid, cpu, group, -1, attr.disabled == 0, attr.sample_period};
    return 0;
  }
  int Map(int fd, std::size_t data_bytes, void*& memory) override {
    if (map_error != 0) return map_error;
    auto& ring = rings[fd];
    ring.assign((kPageBytes + data_bytes) / 8, 0);
    memory = ring.data();
    ++mapped;
    return 0;
  }
  void Unmap(void*, std::size_t) override { --mapped; }
  int SetOutput(int fd, int to) override {
    events[fd].output = to;
    return 0;
  }
  int SetPeriod(int fd, std::uint64_t period) override {
    events[fd].period = period;
    return 0;
  }
  int Enable(int fd) override {
    events[fd].enabled = true;
    return 0;
  }
  int Disable(int fd) override {
    events[fd].enabled = false;
    if (on_disable) on_disable(*this, fd);
    return 0;
  }
  std::size_t page_bytes() const override { return kPageBytes; }

  // The fd of the latest event on `cpu` with `config`; -1 if none.
  int Find(int cpu, std::uint64_t config) const {
    int found = -1;
    for (const auto& [fd, event] : events) {
      if (event.cpu == cpu && event.attr.config == config) found = fd;
    }
    return found;
  }
  void Put(int fd, std::uint32_t type, const std::vector<std::uint64_t>& body) {
    auto& ring = rings.at(fd);
    auto* const control = reinterpret_cast<perf_event_mmap_page*>(ring.data());
    const std::size_t words = ring.size() - kPageBytes / 8;
    const perf_event_header header = {type, 0, static_cast<std::uint16_t>(8 + 8 * body.size())};
    std::uint64_t word = 0;
    std::memcpy(&word, &header, sizeof word);
    const auto put = [&](std::uint64_t value) {
      ring[kPageBytes / 8 + control->data_head / 8 % words] = value;
      control->data_head += 8;
    };
    put(word);
    for (const std::uint64_t value : body) put(value);
  }
  void PutSample(int fd, std::uint32_t pid, std::uint64_t address, std::uint64_t period, std::uint64_t source = 0) {
    Put(fd, PERF_RECORD_SAMPLE, {pid, address, period, source});
  }
};

}  // namespace hypertier::agent
