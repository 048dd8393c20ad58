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

// What must stay free of a node: above the watermarks below which its kernel would fail an allocation there, and say so
// (by default a thousandth of the node apart, and boosted for a while).
Bytes MarginOf(const NodeMemory& memory) {
  return std::max(Bytes::MiB(32), Bytes(memory.total.count() / 512));
}

Bytes SizeOf(const std::vector<Mapping>& mappings) {
  Bytes sum;
  for (const Mapping& mapping : mappings) sum += mapping.size;
  return sum;
}

Bytes At(const ByNode& nodes, int node) {
  const auto at = nodes.find(node);
  return at == nodes.end() ? Bytes() : at->second;
}

}  // namespace

absl::StatusOr<NumaConfiner::Room> NumaConfiner::RoomOn(TierId tier, const ByNode& present) const {
  Room best;
  for (const int node : options_.nodes[tier]) {
    const absl::StatusOr<NodeMemory> memory = ReadNodeMemory(options_.root, node);
    if (!memory.ok()) return memory.status();
    // File pages that nobody has used for long make way.
    const Bytes room = memory->free + memory->inactive_file - MarginOf(*memory);
    if (room == Bytes()) continue;
    const bool better =
        best.bytes == Bytes() || std::pair(At(present, node), room) > std::pair(At(present, best.node), best.bytes);
    if (better) best = {node, room};
  }
  if (best.bytes > Bytes()) return best;
  return absl::ResourceExhaustedError(
      fmt::format("there is no room on node {}, where the host's {} is; raise qos.{}_reserve, which guests never get",
                  fmt::join(options_.nodes[tier], ", "), TierName(tier), TierName(tier)));
}

absl::StatusOr<ByNode> NumaConfiner::Look(const ProcResidencyProbe::Located& vm) const {
  const absl::StatusOr<std::string> text = probe_->NumaMaps(vm.process);
  if (!text.ok()) return text.status();
  ByNode present;
  for (const Mapping& mapping : vm.mappings.fmem()) {
    for (const auto& [node, bytes] : ParseNumaMaps(*text, mapping.begin, mapping.size)) present[node] += bytes;
  }
  return present;
}

Bytes NumaConfiner::On(TierId tier, const ByNode& present) const {
  Bytes sum;
  for (const int node : options_.nodes[tier]) sum += At(present, node);
  return sum;
}

PageMover::Moved NumaConfiner::Move(const PageMover& mover, const std::vector<Mapping>& mappings,
                                    const std::vector<int>& from, int to, Bytes most, Bytes& offset) const {
  PageMover::Moved all;
  Bytes looked = options_.most_looked_at;
  Bytes begin = SizeOf(mappings);
  for (auto mapping = mappings.rbegin(); mapping != mappings.rend(); ++mapping) {
    begin -= mapping->size;
    if (offset <= begin) continue;
    const Bytes end = std::min(offset - begin, mapping->size);
    const Bytes skipped = end - looked;
    const PageMover::Range range{mapping->begin + skipped.count(), end - skipped};
    const PageMover::Moved moved = mover.Move(range, from, to, most - all.bytes);
    looked -= range.size - moved.left;
    all.bytes += moved.bytes;
    all.status = moved.status;
    offset = begin + skipped + moved.left;
    if (!moved.status.ok() || all.bytes >= most || looked == Bytes()) break;
  }
  return all;
}

absl::StatusOr<Confinement> NumaConfiner::Confine(const domain::Description& vm, Bytes most, Bytes at_most) {
  const absl::StatusOr<ProcResidencyProbe::Located> located = probe_->Locate(vm);
  const absl::StatusOr<ByNode> present = located.ok() ? Look(*located) : located.status();
  if (!present.ok()) {
    passes_.erase(vm.uuid);
    return present.status();
  }
  Confinement seen{
      .fast = On(TierId::kFmem, *present), .slow = On(TierId::kSmem, *present), .moved = {}, .trouble = {}};
  const bool out = seen.fast > most;
  const Bytes wanted = out ? std::min(seen.fast - most, at_most) : Returned(seen, most);
  if (wanted == Bytes()) {
    passes_.erase(vm.uuid);
    return seen;
  }
  const TierId from = out ? TierId::kFmem : TierId::kSmem;
  const absl::StatusOr<Room> room = RoomOn(out ? TierId::kSmem : TierId::kFmem, *present);
  if (!room.ok()) {
    seen.trouble = room.status();
    return seen;
  }
  const std::vector<Mapping>& fmem = located->mappings.fmem();
  Pass& pass = passes_.try_emplace(vm.uuid, Pass{.next = SizeOf(fmem), .moved = {}}).first->second;
  const PageMover mover(options_.move_pages, located->process.pid);
  const PageMover::Moved moved = Move(mover, fmem, options_.nodes[from], room->node,
                                      std::min({wanted, room->bytes, options_.most_at_a_time}), pass.next);
  pass.moved += moved.bytes;
  seen.trouble = moved.status;
  if (pass.next == Bytes()) {
    if (pass.moved == Bytes() && seen.trouble.ok()) {
      seen.trouble = absl::UnavailableError(
          fmt::format("none of the {} that should be moved can be: its pages are pinned, as by a passed-through device",
                      FormatBytes(wanted)));
    }
    passes_.erase(vm.uuid);
  }
  if (out) {
    seen.moved = moved.bytes;
  } else {
    seen.slow -= moved.bytes;
    seen.fast += moved.bytes;
  }
  return seen;
}

}  // namespace hypertier
