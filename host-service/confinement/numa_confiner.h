// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/tier.h"
#include "host-service/confinement/confiner.h"
#include "host-service/confinement/numa_maps.h"
#include "host-service/confinement/page_mover.h"
#include "host-service/residency/proc_residency_probe.h"

namespace hypertier {

// Moves pages of QEMU with move_pages(2). (No call can bind the future memory of another process, so a guest that goes
// on to fill its cell is put back a period later.) For one thread.
class NumaConfiner : public Confiner {
 public:
  struct Options {
    // Of each tier on this host; neither is empty.
    PerTier<std::vector<int>> nodes;
    // Of one step: moved, and looked at. Pages that cannot be moved cost as much as those that can.
    Bytes most_at_a_time = Bytes::GiB(1);
    Bytes most_looked_at = Bytes::GiB(4);
    MovePages move_pages = MovePagesOfKernel;
    // Before the paths of sysfs; "" in production.
    std::string root;
  };
  // `probe` outlives it.
  NumaConfiner(Options options, const ProcResidencyProbe* probe) : options_(std::move(options)), probe_(probe) {}

  absl::StatusOr<Confinement> Confine(const domain::Description& vm, Bytes most, Bytes at_most) override;

 private:
  // A node of the tier with room, and how much: one on which the VM has most already, as its memory policy may say so.
  // ResourceExhausted: none has any.
  struct Room {
    int node = 0;
    Bytes bytes;
  };
  absl::StatusOr<Room> RoomOn(TierId tier, const ByNode& present) const;
  absl::StatusOr<ByNode> Look(const ProcResidencyProbe::Located& vm) const;
  Bytes On(TierId tier, const ByNode& present) const;
  // Moves up to `most`, from the highest of these mappings down, and from `offset` of all of them down; sets it to
  // where it stopped.
  PageMover::Moved Move(const PageMover& mover, const std::vector<Mapping>& mappings, const std::vector<int>& from,
                        int to, Bytes most, Bytes& offset) const;

  const Options options_;
  const ProcResidencyProbe* const probe_;
  // Of a pass over a VM's memory, from its end down, in as many steps as that takes.
  struct Pass {
    // Where the next step begins.
    Bytes next;
    Bytes moved;
  };
  // Absent: the next step begins a pass.
  std::map<std::string, Pass> passes_;
};

}  // namespace hypertier
