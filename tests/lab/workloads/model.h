// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LAB_WORKLOADS_MODEL_H_
#define TESTS_LAB_WORKLOADS_MODEL_H_

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>

#include "tests/lab/vpebs/layout.h"

namespace lab {

// The run-time model of the emulator's plugin, as a program in the guest sees it: counters and a clock in modelled
// time. Outside of such a guest there is none, and the clock is the real one.
class Model {
 public:
  Model() : shared_(Map()) {}

  bool there() const { return shared_ != nullptr; }

  // Nanoseconds that CPU `cpu` has run, kernel and all, under the plugin's active profile; real time without a model.
  // The caller must be pinned to that CPU: other CPUs have other clocks.
  uint64_t Nanoseconds(unsigned cpu) const {
    if (shared_ == nullptr || cpu >= VPEBS_VCPUS) {
      timespec now;
      clock_gettime(CLOCK_MONOTONIC, &now);
      return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
    }
    return static_cast<uint64_t>(Time(shared_->vcpus[cpu].total, shared_->header.active_profile));
  }

  // profile.h of the plugin has the formula.
  double Time(const vpebs_counters& counters, uint32_t profile) const {
    double ns = static_cast<double>(Sum(counters.instructions)) * shared_->header.cpi_milli / shared_->header.mhz;
    for (int tier = 0; tier < VPEBS_TIERS; tier++) {
      ns += static_cast<double>(Misses(counters, tier)) * shared_->header.profiles[profile].latency_ns[tier];
    }
    return ns;
  }

  static uint64_t Misses(const vpebs_counters& counters, int tier) {
    return Sum(counters.misses[tier][VPEBS_LOAD]) + Sum(counters.misses[tier][VPEBS_STORE]);
  }

  // Only if there().
  const vpebs_shared& shared() const { return *shared_; }

 private:
  static uint64_t Sum(const __u64 (&modes)[VPEBS_MODES]) { return modes[VPEBS_USER] + modes[VPEBS_KERNEL]; }

  static std::string Word(const std::string& path) {
    std::string word;
    std::ifstream(path) >> word;
    return word;
  }

  // The BAR of the ivshmem-plain device, or nullptr. Needs root.
  static const vpebs_shared* Map() {
    const std::string root = "/sys/bus/pci/devices/";
    DIR* const devices = opendir(root.c_str());
    if (devices == nullptr) return nullptr;
    const vpebs_shared* found = nullptr;
    while (const dirent* entry = readdir(devices)) {
      const std::string device = root + entry->d_name;
      if (found != nullptr || Word(device + "/vendor") != "0x1af4" || Word(device + "/device") != "0x1110") continue;
      const int fd = open((device + "/resource2").c_str(), O_RDWR | O_CLOEXEC);
      if (fd < 0) continue;
      void* const memory = mmap(nullptr, sizeof(vpebs_shared), PROT_READ, MAP_SHARED, fd, 0);
      close(fd);
      if (memory == MAP_FAILED) continue;
      found = static_cast<const vpebs_shared*>(memory);
      if (found->header.magic != VPEBS_MAGIC || found->header.version != VPEBS_VERSION) found = nullptr;
    }
    closedir(devices);
    return found;
  }

  const vpebs_shared* shared_;
};

}  // namespace lab

#endif  // TESTS_LAB_WORKLOADS_MODEL_H_
