// SPDX-License-Identifier: Apache-2.0
#include "host-service/confinement/numa_confiner.h"

#include <fmt/format.h>

#include <algorithm>

#include "host-service/capacity/node_memory.h"
#include "host-service/confinement/numa_maps.h"

namespace hypertier {
namespace {

// What goes back to FMEM. A huge page moves as a whole, so less than one is left over: or else it would be moved out
// and back for ever.
Bytes Returned(const Confinement& seen, Bytes most) {
  const Bytes room = most - seen.fast;
  return seen.slow <= room ? seen.slow : room - Bytes::MiB(2);
}

// What must stay free of a node. Above the watermarks below which its kernel would fail an allocation there, and say
// so.
Bytes MarginOf(const NodeMemory& memory) {
  return std::max(Bytes::MiB(32), Bytes(memory.total.count() / 64));
}

Bytes SizeOf(const std::vector<Mapping>& mappings) {
  Bytes sum;
  for (const Mapping& mapping : mappings) sum += mapping.size;
  return sum;
}

}  // namespace

absl::StatusOr<NumaConfiner::Room> NumaConfiner::RoomOn(const std::vector<int>& nodes) const {
  Room most;
  for (const int node : nodes) {
    const absl::StatusOr<NodeMemory> memory = ReadNodeMemory(options_.root, node);
    if (!memory.ok()) return memory.status();
    const Bytes room = memory->free - MarginOf(*memory);
    if (room > most.bytes) most = {node, room};
  }
  if (most.bytes > Bytes()) return most;
  return absl::ResourceExhaustedError(
      fmt::format("there is no room on node {}; free some there, or lower qos.smem_capacity", fmt::join(nodes, ", ")));
}

absl::StatusOr<Confinement> NumaConfiner::Look(const ProcResidencyProbe::Located& vm) const {
  const absl::StatusOr<std::string> text = probe_->NumaMaps(vm.process);
  if (!text.ok()) return text.status();
  Confinement seen;
  for (const Mapping& mapping : vm.mappings.fmem()) {
    const ByNode nodes = ParseNumaMaps(*text, mapping.begin, mapping.size);
    for (const TierId tier : kTiers) {
      Bytes& sum = tier == TierId::kFmem ? seen.fast : seen.slow;
      for (const int node : options_.nodes[tier]) {
        if (const auto at = nodes.find(node); at != nodes.end()) sum += at->second;
      }
    }
  }
  return seen;
}

PageMover::Moved NumaConfiner::Move(const PageMover& mover, const std::vector<Mapping>& mappings,
                                    const std::vector<int>& from, int to, Bytes most, Bytes& offset) const {
  PageMover::Moved all;
  Bytes begin = SizeOf(mappings);
  for (auto mapping = mappings.rbegin(); mapping != mappings.rend(); ++mapping) {
    begin -= mapping->size;
    if (offset <= begin) continue;
    const PageMover::Range range{mapping->begin, std::min(offset - begin, mapping->size)};
    const PageMover::Moved moved = mover.Move(range, from, to, most - all.bytes);
    all.bytes += moved.bytes;
    all.status = moved.status;
    offset = begin + moved.left;
    if (!moved.status.ok() || all.bytes >= most) break;
  }
  return all;
}

absl::StatusOr<Confinement> NumaConfiner::Confine(const domain::Description& vm, Bytes most) {
  const absl::StatusOr<ProcResidencyProbe::Located> located = probe_->Locate(vm);
  absl::StatusOr<Confinement> seen = located.ok() ? Look(*located) : located.status();
  if (!seen.ok()) {
    next_.erase(vm.uuid);
    return seen;
  }
  const bool out = seen->fast > most;
  const Bytes wanted = out ? seen->fast - most : Returned(*seen, most);
  if (wanted == Bytes()) {
    next_.erase(vm.uuid);
    return seen;
  }
  const TierId from = out ? TierId::kFmem : TierId::kSmem;
  const absl::StatusOr<Room> room = RoomOn(options_.nodes[out ? TierId::kSmem : TierId::kFmem]);
  if (!room.ok()) return room.status();
  const std::vector<Mapping>& fmem = located->mappings.fmem();
  Bytes& next = next_.try_emplace(vm.uuid, SizeOf(fmem)).first->second;
  const PageMover mover(options_.move_pages, located->process.pid);
  const PageMover::Moved moved = Move(mover, fmem, options_.nodes[from], room->node,
                                      std::min({wanted, room->bytes, options_.most_at_a_time}), next);
  if (next == Bytes()) next = SizeOf(fmem);
  if (!moved.status.ok() && moved.bytes == Bytes()) return moved.status;
  seen = Look(*located);
  if (seen.ok()) seen->moved = moved.bytes;
  return seen;
}

}  // namespace hypertier
