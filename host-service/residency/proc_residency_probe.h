// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "host-service/residency/proc_process.h"
#include "host-service/residency/residency_probe.h"

namespace hypertier {

// Measures through /proc. What is to be looked at is found once for each QEMU process; then a VM with memfd or file
// backing costs a stat(2) call for each, one with anonymous memory a pass over its smaps.
class ProcResidencyProbe : public ResidencyProbe {
 public:
  struct Options {
    // Before every path; "" is the real system.
    std::string root;
    // Where libvirt keeps <name>.pid. Of a session's libvirt: $XDG_RUNTIME_DIR/libvirt/qemu/run.
    std::string run_dir = "/run/libvirt/qemu";
  };
  explicit ProcResidencyProbe(Options options);

  absl::StatusOr<PerTier<Bytes>> Measure(const ResidencyTarget& target) override;

  // Where a VM's tiers are mapped in its process.
  struct Located {
    ProcessId process;
    PerTier<std::vector<Mapping>> mappings;
  };
  // Errors as Measure's.
  absl::StatusOr<Located> Locate(const domain::Description& vm) const;
  // Contents of /proc/PID/numa_maps: memory by node, which costs the kernel a walk over all page tables of the process.
  // NotFound: the process has gone.
  absl::StatusOr<std::string> NumaMaps(const ProcessId& process) const { return processes_.NumaMaps(process); }

  // VMs that are remembered; those whose process has gone are dropped from time to time.
  std::size_t remembered() const;

 private:
  // Where a VM's memory is.
  struct Place {
    ProcessId process;
    domain::Description::Backing backing = domain::Description::Backing::kAnonymous;
    Backends backends;
    // In the order of the backends. Not for anonymous memory.
    std::vector<OpenFile> files;
  };

  absl::StatusOr<Place> Find(const domain::Description& vm) const;
  absl::StatusOr<PerTier<Bytes>> MeasureAt(const Place& place) const;
  void Remember(const std::string& uuid, const Place& place);

  const ProcProcesses processes_;
  const std::string run_dir_;

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Place> places_;  // by UUID; guarded by mutex_
  std::size_t sweep_at_ = 64;                      // size at which the dead are looked for; guarded by mutex_
};

}  // namespace hypertier
