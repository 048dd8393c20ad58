// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/virtio_mem.h"

#include <fmt/format.h>

#include <sstream>

#include "common/text.h"
#include "host-service/domain/virtio_mem_element.h"

namespace hypertier::domain {
namespace {

constexpr std::string_view kRemedy = "tierctl domain-xml --provisioner virtio-mem writes one for each tier";

bool IsVirtioMem(const pugi::xml_node& memory) {
  return memory.attribute("model").as_string() == std::string_view("virtio-mem");
}

std::optional<TierId> TierOf(const pugi::xml_node& memory) {
  const std::string_view node = Trim(memory.child("target").child_value("node"));
  for (const TierId tier : kTiers) {
    if (node == fmt::format("{}", static_cast<int>(tier))) return tier;
  }
  return std::nullopt;
}

absl::StatusOr<VirtioMemDevice> ReadDevice(const pugi::xml_node& memory) {
  const pugi::xml_node target = memory.child("target");
  VirtioMemDevice device;
  const std::pair<const char*, Bytes*> figures[] = {
      {"size", &device.size}, {"block", &device.block}, {"requested", &device.requested}, {"current", &device.current}};
  for (const auto& [name, into] : figures) {
    const pugi::xml_node element = target.child(name);
    // Only a domain that runs has it.
    if (!element && into == &device.current) continue;
    const std::optional<Bytes> size = ReadSize(element);
    if (!size) {
      return absl::FailedPreconditionError(fmt::format("a virtio-mem device has no readable <{}>; {}", name, kRemedy));
    }
    *into = *size;
  }
  // Everything behind this divides by the block and subtracts from the size.
  const bool sound = device.block > Bytes() && device.block.count() % kPage.count() == 0 &&
                     device.requested <= device.size && device.current <= device.size;
  if (!sound) {
    return absl::FailedPreconditionError(
        fmt::format("the sizes of a virtio-mem device contradict each other (size {}, block {}, requested {}, current "
                    "{}); {}",
                    FormatBytes(device.size), FormatBytes(device.block), FormatBytes(device.requested),
                    FormatBytes(device.current), kRemedy));
  }
  return device;
}

}  // namespace

std::optional<Bytes> ReadSize(const pugi::xml_node& element) {
  const std::string unit = element.attribute("unit").as_string("KiB");
  const bool bytes = unit == "bytes" || unit == "b";
  const auto size = ParseBytes(fmt::format("{}{}", Trim(element.child_value()), bytes ? "" : unit));
  if (!size.ok()) return std::nullopt;
  return *size;
}

absl::StatusOr<std::vector<VirtioMemElement>> ReadVirtioMem(const pugi::xml_node& domain) {
  std::vector<VirtioMemElement> found;
  PerTier<int> count;
  for (const pugi::xml_node memory : domain.child("devices").children("memory")) {
    if (!IsVirtioMem(memory)) continue;
    const std::optional<TierId> tier = TierOf(memory);
    if (!tier) {
      return absl::FailedPreconditionError(
          fmt::format("a virtio-mem device is on a guest node other than 0 and 1; {}", kRemedy));
    }
    absl::StatusOr<VirtioMemDevice> device = ReadDevice(memory);
    if (!device.ok()) return device.status();
    ++count[*tier];
    found.push_back({*tier, memory.child("alias").attribute("name").as_string(), *device});
  }
  for (const TierId tier : kTiers) {
    if (found.empty() || count[tier] == 1) continue;
    return absl::FailedPreconditionError(
        fmt::format("it has {} virtio-mem devices for {} (guest node {}), one is needed; {}", count[tier],
                    TierName(tier), static_cast<int>(tier), kRemedy));
  }
  return found;
}

absl::StatusOr<std::string> WithRequested(std::string_view domain_xml, TierId tier, Bytes requested) {
  pugi::xml_document document;
  if (!document.load_buffer(domain_xml.data(), domain_xml.size())) {
    return absl::InvalidArgumentError("domain XML does not parse");
  }
  for (const pugi::xml_node memory : document.child("domain").child("devices").children("memory")) {
    if (!IsVirtioMem(memory) || TierOf(memory) != tier) continue;
    pugi::xml_node element = memory.child("target").child("requested");
    element.attribute("unit").set_value("KiB");
    element.text().set(fmt::format("{}", requested.count() >> 10).c_str());
    std::ostringstream out;
    memory.print(out);
    return out.str();
  }
  return absl::FailedPreconditionError(fmt::format("it has no virtio-mem device for {} any more", TierName(tier)));
}

}  // namespace hypertier::domain
