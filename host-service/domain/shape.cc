// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/shape.h"

#include <fmt/format.h>

#include <pugixml.hpp>
#include <sstream>

#include "common/text.h"
#include "host-service/domain/boot_string.h"
#include "host-service/domain/describe.h"
#include "host-service/domain/policy_element.h"
#include "host-service/domain/shape_virtio_mem.h"
#include "host-service/domain/xml_edit.h"
#include "host-service/domain/xml_names.h"

namespace hypertier::domain {
namespace {

// hyperflex works in 2 MiB blocks, and a cell that is no multiple of the block would leave a tail that no balloon can
// reach in blocks.
constexpr Bytes kCellGranularity = Bytes::MiB(2);
// Debian's kernel and a small initramfs do not come up in less; FMEM holds them, since the CPUs' cell boots first.
constexpr Bytes kLeastFmemTarget = Bytes::MiB(64);
// Beyond any machine; keeps a mistyped number out of the XML.
constexpr std::uint64_t kMostVcpus = 65536;

absl::Status Refuse(std::string_view element, std::string_view why, std::string_view remedy) {
  return absl::FailedPreconditionError(fmt::format("{}: {}; {}", element, why, remedy));
}

absl::Status CheckOptions(const ShapeOptions& options) {
  for (const TierId tier : kTiers) {
    const Bytes cell = options.cells[tier];
    const Bytes target = options.targets[tier].value_or(cell);
    if (cell == Bytes() || cell.count() % kCellGranularity.count() != 0) {
      return absl::InvalidArgumentError(fmt::format("{} cell: {} is not a positive multiple of {}", TierName(tier),
                                                    FormatBytes(cell), FormatBytes(kCellGranularity)));
    }
    if (target > cell) {
      return absl::OutOfRangeError(fmt::format("{} target: {} is more than the cell, {}", TierName(tier),
                                               FormatBytes(target), FormatBytes(cell)));
    }
    if (target.count() % kPage.count() != 0) {
      return absl::InvalidArgumentError(
          fmt::format("{} target: {} bytes is not a multiple of 4096", TierName(tier), target.count()));
    }
  }
  const Bytes fmem = options.targets.fmem().value_or(options.cells.fmem());
  if (fmem < kLeastFmemTarget) {
    return absl::OutOfRangeError(fmt::format("fmem target: {} is less than {}, in which a guest kernel cannot boot",
                                             FormatBytes(fmem), FormatBytes(kLeastFmemTarget)));
  }
  if (options.provisioner == Provisioner::kVirtioMem) return CheckVirtioMem(options);
  for (const TierId tier : kTiers) {
    if (!options.bases[tier]) continue;
    return absl::InvalidArgumentError(
        fmt::format("{} base: balloons can take all of a cell; only virtio-mem has a base", TierName(tier)));
  }
  if (options.move_rate) {
    const absl::Status rate = CheckMoveRate(*options.move_rate).status();
    if (!rate.ok()) return absl::InvalidArgumentError(fmt::format("move rate: {}", ToString(rate.message())));
  }
  return absl::OkStatus();
}

// What tiers cannot live with, each with the way out.
absl::Status CheckDomain(pugi::xml_node domain, const ShapeOptions& options) {
  const std::string_view type = domain.attribute("type").as_string();
  if (type != "kvm" && type != "qemu") {
    return Refuse("<domain type>", fmt::format("\"{}\" has no tiers", type), "only kvm and qemu domains can");
  }
  const pugi::xml_node os = domain.child("os");
  const std::string_view arch = os.child("type").attribute("arch").as_string("x86_64");
  if (arch != "x86_64") {
    return Refuse("<os><type arch>", fmt::format("\"{}\" is not supported", arch), "only x86_64 is");
  }
  if (std::string_view(os.child("smbios").attribute("mode").as_string()) == "host") {
    return Refuse("<os><smbios mode='host'>", "boot targets travel in an SMBIOS string of the domain's own",
                  "use mode='sysinfo'");
  }
  pugi::xml_node backing = domain.child("memoryBacking");
  if (backing.child("hugepages")) {
    return Refuse("<memoryBacking><hugepages>", "huge pages cannot be given back in parts", "remove the element");
  }
  if (backing.child("locked")) {
    return Refuse("<memoryBacking><locked>", "locked memory cannot be given back", "remove the element");
  }
  if (std::string_view(backing.child("allocation").attribute("mode").as_string()) == "immediate") {
    return Refuse("<memoryBacking><allocation mode='immediate'>", "it would back both cells whole at start",
                  "use mode='ondemand'");
  }
  pugi::xml_node devices = domain.child("devices");
  const bool balloons = options.provisioner == Provisioner::kDoubleBalloon;
  const std::string_view balloon = devices.child("memballoon").attribute("model").as_string("virtio");
  if (balloons && balloon.substr(0, 6) != "virtio") {
    return Refuse("<memballoon>", "the tiers' balloons ride on the virtio balloon device", "use model='virtio'");
  }
  for (const pugi::xml_node memory : devices.children("memory")) {
    // Those of an earlier shaping are made anew.
    if (memory.attribute("model").as_string() == std::string_view("virtio-mem")) continue;
    return Refuse("<devices><memory>", "memory devices make sizes that the two cells do not describe",
                  "remove them and put their size into the cells");
  }
  if (devices.find_child_by_attribute("hostdev", "type", "pci") ||
      devices.find_child_by_attribute("hostdev", "type", "mdev") ||
      devices.find_child_by_attribute("interface", "type", "vdpa") ||
      devices.find_child_by_attribute("interface", "type", "hostdev")) {
    return Refuse("<hostdev>", "a passed-through device pins all guest memory, so none can be given back",
                  "remove the device");
  }
  if (domain.child("launchSecurity")) {
    return Refuse("<launchSecurity>", "encrypted guest memory cannot be given back", "remove the element");
  }
  pugi::xml_node numa = domain.child("cpu").child("numa");
  std::size_t cells = 0;
  for (const pugi::xml_node cell : numa.children("cell")) {
    const bool second = cells++ == 1;
    if (second && cell.attribute("cpus") && *cell.attribute("cpus").as_string() != '\0') cells = 99;
  }
  if (numa && cells != 2) {
    return Refuse("<cpu><numa>", "the domain has NUMA cells of its own", "remove them; the tiers are its two cells");
  }
  if (domain.child("numatune").child("memory") || (domain.child("numatune") && !numa)) {
    return Refuse("<numatune>", "the domain has a memory binding of its own",
                  "remove it and name the tiers' host nodes (--fmem-node, --smem-node)");
  }
  return absl::OkStatus();
}

absl::StatusOr<unsigned> VcpuCount(pugi::xml_node domain) {
  const std::string_view text = Trim(domain.child_value("vcpu"));
  const std::optional<std::uint64_t> count = ParseUint64(text.empty() ? "1" : text);
  if (!count || *count == 0 || *count > kMostVcpus) {
    return absl::InvalidArgumentError(fmt::format("<vcpu>: \"{}\" is not a number of CPUs", text));
  }
  return static_cast<unsigned>(*count);
}

void ShapeMemory(pugi::xml_node domain, const ShapeOptions& options, const PerTier<Bytes>& targets) {
  // With virtio-mem nothing is left to the balloon, so that a stock one has nothing to take.
  const PerTier<Bytes>& current = options.provisioner == Provisioner::kVirtioMem ? options.cells : targets;
  const std::pair<const char*, Bytes> sizes[] = {{"memory", options.cells.fmem() + options.cells.smem()},
                                                 {"currentMemory", current.fmem() + current.smem()}};
  for (const auto& [name, size] : sizes) {
    pugi::xml_node node = domain.child(name);
    if (!node) node = domain.insert_child_before(name, domain.child("vcpu"));
    SetAttribute(node, "unit", "KiB");
    SetText(node, KiB(size));
  }
  // memfd: no copy on disk, and its block count is the residency of the cell, read in no time.
  pugi::xml_node backing = TopLevel(domain, "memoryBacking");
  pugi::xml_node source = ChildOf(backing, "source");
  if (std::string_view(source.attribute("type").as_string()) != "file") SetAttribute(source, "type", "memfd");
  SetAttribute(ChildOf(backing, "access"), "mode", "shared");
}

// What cell 0's CPUs see of a tier. Latencies are in nanoseconds, bandwidths in KiB a second.
pugi::xml_node AddInterconnect(pugi::xml_node interconnects, const char* figure, TierId tier,
                               const std::string& value) {
  pugi::xml_node element = interconnects.append_child(figure);
  SetAttribute(element, "initiator", "0");
  SetAttribute(element, "target", fmt::format("{}", static_cast<int>(tier)));
  SetAttribute(element, "type", "access");
  SetAttribute(element, "value", value);
  return element;
}

void ShapeCells(pugi::xml_node domain, const ShapeOptions& options, unsigned vcpus) {
  pugi::xml_node cpu = TopLevel(domain, "cpu");
  cpu.remove_child("numa");
  pugi::xml_node numa = cpu.append_child("numa");
  for (const TierId tier : kTiers) {
    pugi::xml_node cell = numa.append_child("cell");
    SetAttribute(cell, "id", fmt::format("{}", static_cast<int>(tier)));
    if (tier == TierId::kFmem) SetAttribute(cell, "cpus", vcpus == 1 ? "0" : fmt::format("0-{}", vcpus - 1));
    SetAttribute(cell, "memory", KiB(BaseOf(options, tier)));
    SetAttribute(cell, "unit", "KiB");
    SetAttribute(cell, "memAccess", "shared");
  }
  pugi::xml_node interconnects = numa.append_child("interconnects");
  for (const TierId tier : kTiers) {
    AddInterconnect(interconnects, "latency", tier, fmt::format("{}", options.latency_ns[tier]));
  }
  for (const TierId tier : kTiers) {
    SetAttribute(AddInterconnect(interconnects, "bandwidth", tier, KiB(options.bandwidth[tier])), "unit", "KiB");
  }
}

void ShapeBinding(pugi::xml_node domain, const ShapeOptions& options) {
  domain.remove_child("numatune");
  for (const TierId tier : kTiers) {
    if (options.host_nodes[tier].empty()) continue;
    pugi::xml_node node = TopLevel(domain, "numatune").append_child("memnode");
    SetAttribute(node, "cellid", fmt::format("{}", static_cast<int>(tier)));
    SetAttribute(node, "mode", "strict");
    SetAttribute(node, "nodeset", options.host_nodes[tier]);
  }
}

bool IsBootString(pugi::xml_node entry) {
  return Trim(entry.child_value()).starts_with(kBootStringPrefix);
}

// No agent and no module of ours is there to heed it.
void RemoveBootString(pugi::xml_node domain) {
  for (pugi::xml_node sysinfo : domain.children("sysinfo")) {
    pugi::xml_node strings = sysinfo.child("oemStrings");
    for (pugi::xml_node entry = strings.first_child(), next; entry; entry = next) {
      next = entry.next_sibling();
      if (IsBootString(entry)) strings.remove_child(entry);
    }
  }
}

void ShapeBootString(pugi::xml_node domain, const ShapeOptions& options, const PerTier<Bytes>& targets) {
  SetAttribute(ChildOf(domain.child("os"), "smbios"), "mode", "sysinfo");
  pugi::xml_node sysinfo = domain.find_child_by_attribute("sysinfo", "type", "smbios");
  if (!sysinfo) {
    sysinfo = domain.insert_child_before("sysinfo", domain.child("os"));
    SetAttribute(sysinfo, "type", "smbios");
  }
  pugi::xml_node strings = ChildOf(sysinfo, "oemStrings");
  const std::string text =
      FormatBootString({options.cells.fmem() - targets.fmem(), options.cells.smem() - targets.smem()});
  for (pugi::xml_node entry : strings.children("entry")) {
    if (IsBootString(entry)) {
      SetText(entry, text);
      return;
    }
  }
  SetText(strings.append_child("entry"), text);
}

void ShapeDevices(pugi::xml_node domain) {
  pugi::xml_node devices = ChildOf(domain, "devices");
  pugi::xml_node balloon = ChildOf(devices, "memballoon");
  if (!balloon.attribute("model")) SetAttribute(balloon, "model", "virtio");
  SetAttribute(balloon, "autodeflate", "on");
  SetAttribute(balloon, "freePageReporting", "on");
  for (pugi::xml_node channel : devices.children("channel")) {
    if (channel.child("target").attribute("name").as_string() == kAgentPort) return;
  }
  pugi::xml_node channel = devices.append_child("channel");
  SetAttribute(channel, "type", "unix");
  pugi::xml_node target = channel.append_child("target");
  SetAttribute(target, "type", "virtio");
  SetAttribute(target, "name", kAgentPort);
}

void ShapeMetadata(pugi::xml_node domain, const ShapeOptions& options) {
  if (options.tenant.empty() && options.policy == policy::VmTerms{} && !options.move_rate) return;
  pugi::xml_node metadata = domain.child("metadata");
  if (!metadata) metadata = domain.insert_child_after("metadata", domain.child("name"));
  pugi::xml_node element = metadata.child(kMetadataElement);
  if (!element) {
    element = metadata.append_child(kMetadataElement);
    SetAttribute(element, "xmlns:hypertier", kMetadataNamespace);
  }
  if (!options.tenant.empty()) SetAttribute(element, "tenant", options.tenant);
  WritePolicy(options.policy, "hypertier:", element);
  if (options.move_rate) WriteMoveRate(*options.move_rate, element);
}

}  // namespace

absl::StatusOr<std::string> ShapeDomain(std::string_view xml, const ShapeOptions& options) {
  if (absl::Status checked = CheckOptions(options); !checked.ok()) return checked;
  pugi::xml_document document;
  const auto flags = pugi::parse_default | pugi::parse_comments | pugi::parse_declaration;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size(), flags);
  if (!parsed) {
    return absl::InvalidArgumentError(
        fmt::format("domain XML does not parse: {} at byte {}", parsed.description(), parsed.offset));
  }
  const pugi::xml_node domain = document.child("domain");
  for (const char* name : {"name", "os"}) {
    if (!domain.child(name)) {
      return absl::InvalidArgumentError(fmt::format("not a libvirt domain: no <{}> in <domain>", name));
    }
  }
  if (absl::Status checked = CheckDomain(domain, options); !checked.ok()) return checked;
  const absl::StatusOr<unsigned> vcpus = VcpuCount(domain);
  if (!vcpus.ok()) return vcpus.status();
  if (!domain.child("vcpu")) SetText(document.child("domain").insert_child_before("vcpu", domain.child("os")), "1");

  const PerTier<Bytes> targets{options.targets.fmem().value_or(options.cells.fmem()),
                               options.targets.smem().value_or(options.cells.smem())};
  ShapeMetadata(domain, options);
  ShapeMemory(domain, options, targets);
  ShapeBinding(domain, options);
  ShapeCells(domain, options, *vcpus);
  RemoveVirtioMem(domain);
  if (options.provisioner == Provisioner::kVirtioMem) {
    RemoveBootString(domain);
    AddVirtioMem(domain, options, targets);
  } else {
    ShapeBootString(domain, options, targets);
    ShapeDevices(domain);
  }

  std::ostringstream out;
  document.save(out, "  ", pugi::format_default | pugi::format_no_declaration);
  return out.str();
}

}  // namespace hypertier::domain
