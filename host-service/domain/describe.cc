// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/describe.h"

#include <fmt/format.h>

#include <pugixml.hpp>
#include <vector>

#include "common/text.h"
#include "host-service/domain/boot_string.h"
#include "host-service/domain/nova_element.h"
#include "host-service/domain/policy_element.h"
#include "host-service/domain/virtio_mem_element.h"
#include "host-service/domain/xml_names.h"

namespace hypertier::domain {
namespace {

// libvirt always writes units; KiB is its default.
std::optional<Bytes> CellSize(const pugi::xml_node& cell) {
  const std::string unit = cell.attribute("unit").as_string("KiB");
  const auto size = ParseBytes(fmt::format("{}{}", cell.attribute("memory").as_string(), unit == "bytes" ? "" : unit));
  if (!size.ok()) return std::nullopt;
  return *size;
}

// What is said of the VM's tenant and policy.
void DescribePolicy(const pugi::xml_node& metadata, Description& description) {
  const auto named = [&](std::string_view name) {
    return metadata.find_child([name](const pugi::xml_node& child) { return LocalName(child) == name; });
  };
  if (const pugi::xml_node ours = named("vm")) {
    description.tenant = ours.attribute("tenant").as_string();
    description.policy = ReadPolicy(ours, description.policy_problems);
    description.move_rate = ReadMoveRate(ours, description.policy_problems);
  }
  if (const pugi::xml_node nova = named("instance")) {
    NovaInstance instance = ReadNovaInstance(nova, description.policy_problems);
    if (description.tenant.empty()) description.tenant = std::move(instance.project);
    description.nova_policy = std::move(instance.policy);
    if (!description.move_rate) description.move_rate = instance.move_rate;
  }
}

// Fills description.cells, or says in not_tiered what is missing.
void DescribeTiers(const pugi::xml_node& domain, Description& description) {
  std::vector<pugi::xml_node> cells;
  for (const pugi::xml_node cell : domain.child("cpu").child("numa").children("cell")) cells.push_back(cell);
  if (cells.size() != 2) {
    description.not_tiered = fmt::format(
        "not two-tier: {} guest NUMA cells, two are needed (tierctl domain-xml makes a domain two-tier)", cells.size());
    return;
  }
  const std::string_view cpus = cells[1].attribute("cpus").as_string();
  if (!cpus.empty()) {
    description.not_tiered =
        fmt::format("not two-tier: guest NUMA cell 1 has CPUs ({}), the slow tier must have none", cpus);
    return;
  }
  const absl::StatusOr<std::vector<VirtioMemElement>> devices = ReadVirtioMem(domain);
  if (!devices.ok()) {
    description.not_tiered = fmt::format("not two-tier: {}", ToString(devices.status().message()));
    return;
  }
  const std::string_view balloon = domain.child("devices").child("memballoon").attribute("model").as_string("none");
  if (devices->empty() && balloon.substr(0, 6) != "virtio") {
    description.not_tiered = fmt::format("not two-tier: memballoon model is \"{}\", virtio is needed", balloon);
    return;
  }
  const std::optional<Bytes> fmem = CellSize(cells[0]);
  const std::optional<Bytes> smem = CellSize(cells[1]);
  if (!fmem || !smem) {
    description.not_tiered = "not two-tier: a guest NUMA cell has no readable memory size";
    return;
  }
  description.cells = PerTier<Bytes>{*fmem, *smem};
  for (const TierId tier : kTiers) {
    description.backends.push_back(
        {tier, fmt::format("ram-node{}", static_cast<int>(tier)), (*description.cells)[tier]});
  }
  if (devices->empty()) return;
  description.virtio_mem.emplace();
  for (const VirtioMemElement& element : *devices) {
    (*description.virtio_mem)[element.tier] = element.device;
    (*description.cells)[element.tier] += element.device.size;
    description.backends.push_back({element.tier, element.alias, element.device.size});
  }
}

}  // namespace

absl::StatusOr<Description> DescribeDomain(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(xml.data(), xml.size());
  if (!parsed) {
    return absl::InvalidArgumentError(
        fmt::format("domain XML does not parse: {} at byte {}", parsed.description(), parsed.offset));
  }
  const pugi::xml_node domain = document.child("domain");
  Description description;
  description.uuid = ToLower(Trim(domain.child_value("uuid")));
  description.name = std::string(Trim(domain.child_value("name")));
  if (!domain || description.name.empty()) {
    return absl::InvalidArgumentError("not a libvirt domain: no <domain> with a <name>");
  }
  DescribePolicy(domain.child("metadata"), description);
  DescribeTiers(domain, description);

  for (const pugi::xml_node sysinfo : domain.children("sysinfo")) {
    for (const pugi::xml_node entry : sysinfo.child("oemStrings").children("entry")) {
      const auto balloons = ParseBootString(Trim(entry.child_value()));
      // With virtio-mem there is nobody who would heed it.
      if (balloons && !description.virtio_mem) description.boot_balloons = balloons;
    }
  }

  const std::string_view source = domain.child("memoryBacking").child("source").attribute("type").as_string();
  if (source == "memfd") description.backing = Description::Backing::kMemfd;
  if (source == "file") description.backing = Description::Backing::kFile;

  const pugi::xml_node devices = domain.child("devices");
  description.free_page_reporting =
      std::string_view(devices.child("memballoon").attribute("freePageReporting").as_string()) == "on";
  for (const pugi::xml_node channel : devices.children("channel")) {
    if (channel.child("target").attribute("name").as_string() != kAgentPort) continue;
    description.has_agent_channel = true;
    description.agent_socket = channel.child("source").attribute("path").as_string();
  }
  return description;
}

}  // namespace hypertier::domain
