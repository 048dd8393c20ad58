// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/shape_virtio_mem.h"

#include <algorithm>

#include "host-service/domain/xml_edit.h"

namespace hypertier::domain {
namespace {

// Of a transparent huge page; QEMU takes no smaller one.
constexpr Bytes kBlock = Bytes::MiB(2);
// A Linux guest on x86 adds memory in parts of this size (of up to 2 GiB in a VM of 64 GiB and more), and cannot use
// what of a device does not fill one.
constexpr Bytes kMemorySection = Bytes::MiB(128);
// What a kernel allocates for itself is never in memory that is to be taken away again. For 3 parts of such memory it
// wants 1 of the other (Linux, admin-guide/mm/memory-hotplug.rst, "ZONE_MOVABLE Sizing Considerations").
constexpr std::uint64_t kFixedShare = 4;
// A node of less than 4 MiB is none to Linux, and a tier with no fixed memory cannot be a cell.
constexpr Bytes kLeastBase = Bytes::MiB(64);

Bytes SectionsDown(Bytes bytes) {
  return Bytes(bytes.count() / kMemorySection.count() * kMemorySection.count());
}

Bytes DefaultBase(const ShapeOptions& options, TierId tier) {
  const Bytes all = options.cells.fmem() + options.cells.smem();
  const Bytes wanted = tier == TierId::kFmem ? std::max(kLeastBase, Bytes(all.count() / kFixedShare)) : kLeastBase;
  // Where that would leave no device, one section is left.
  const Bytes most = options.cells[tier] - kMemorySection;
  return options.cells[tier] - SectionsDown(options.cells[tier] - std::min(wanted, most));
}

void AddSize(pugi::xml_node parent, const char* name, Bytes size) {
  pugi::xml_node element = parent.append_child(name);
  SetAttribute(element, "unit", "KiB");
  SetText(element, KiB(size));
}

}  // namespace

Bytes BaseOf(const ShapeOptions& options, TierId tier) {
  if (options.provisioner == Provisioner::kDoubleBalloon) return options.cells[tier];
  return options.bases[tier].value_or(DefaultBase(options, tier));
}

absl::Status CheckVirtioMem(const ShapeOptions& options) {
  for (const TierId tier : kTiers) {
    const Bytes cell = options.cells[tier];
    const Bytes base = BaseOf(options, tier);
    const Bytes target = options.targets[tier].value_or(cell);
    if (base < kLeastBase || base + kMemorySection > cell) {
      return absl::OutOfRangeError(fmt::format(
          "{} base: {} is not between {} and {}, which is {} less than the cell; with virtio-mem a tier has "
          "memory that is always there, and a device for the rest",
          TierName(tier), FormatBytes(base), FormatBytes(kLeastBase), FormatBytes(cell - kMemorySection),
          FormatBytes(kMemorySection)));
    }
    if ((cell - base).count() % kMemorySection.count() != 0) {
      return absl::InvalidArgumentError(
          fmt::format("{} base: it leaves {} of the cell to a virtio-mem device, no multiple of {}, of which a guest "
                      "cannot use the rest; a base of {} fits",
                      TierName(tier), FormatBytes(cell - base), FormatBytes(kMemorySection),
                      FormatBytes(cell - SectionsDown(cell - base))));
    }
    if (target < base || (target - base).count() % kBlock.count() != 0) {
      return absl::OutOfRangeError(
          fmt::format("{} target: {} is not the base, {}, and a multiple of {} more; virtio-mem moves such blocks, and "
                      "--{}-base is always there",
                      TierName(tier), FormatBytes(target), FormatBytes(base), FormatBytes(kBlock), TierName(tier)));
    }
  }
  return absl::OkStatus();
}

void RemoveVirtioMem(pugi::xml_node domain) {
  pugi::xml_node devices = domain.child("devices");
  while (pugi::xml_node device = devices.find_child_by_attribute("memory", "model", "virtio-mem")) {
    devices.remove_child(device);
    domain.remove_child("maxMemory");
  }
}

void AddVirtioMem(pugi::xml_node domain, const ShapeOptions& options, const PerTier<Bytes>& targets) {
  // libvirt wants slots for memory devices, and room for what aligning them costs.
  pugi::xml_node most = domain.child("maxMemory");
  if (!most) most = domain.insert_child_before("maxMemory", domain.child("memory"));
  SetAttribute(most, "slots", fmt::format("{}", kTiers.size() + 1));
  SetAttribute(most, "unit", "KiB");
  SetText(most, KiB(options.cells.fmem() + options.cells.smem() + Bytes::GiB(kTiers.size())));

  pugi::xml_node devices = ChildOf(domain, "devices");
  for (const TierId tier : kTiers) {
    const Bytes base = BaseOf(options, tier);
    pugi::xml_node memory = devices.append_child("memory");
    SetAttribute(memory, "model", "virtio-mem");
    if (!options.host_nodes[tier].empty()) {
      SetText(memory.append_child("source").append_child("nodemask"), options.host_nodes[tier]);
    }
    pugi::xml_node target = memory.append_child("target");
    AddSize(target, "size", options.cells[tier] - base);
    SetText(target.append_child("node"), fmt::format("{}", static_cast<int>(tier)));
    AddSize(target, "block", kBlock);
    AddSize(target, "requested", targets[tier] - base);
  }
}

}  // namespace hypertier::domain
