// SPDX-License-Identifier: Apache-2.0
#include "host-service/libvirt/calls.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "host-service/domain/describe.h"
#include "host-service/domain/virtio_mem.h"
#include "host-service/libvirt/error.h"

namespace hypertier {
namespace {

struct FreeDomain {
  void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
using DomainHandle = std::unique_ptr<virDomain, FreeDomain>;

struct FreeText {
  void operator()(char* text) const { std::free(text); }
};

struct FoundDomain {
  DomainHandle handle;
  // Read at once: any later call to libvirt, that for the name too, would wipe out the error that is to be told.
  std::string name;

  absl::Status Error(std::string_view tried) const { return LibvirtError("domain " + name, tried); }
};

absl::StatusOr<FoundDomain> FindDomain(const ConnectionHandle& connection, const std::string& uuid) {
  DomainHandle handle(virDomainLookupByUUIDString(connection.get(), uuid.c_str()));
  if (handle == nullptr) return LibvirtError("domain " + uuid, "cannot find it");
  std::string name = virDomainGetName(handle.get());
  return FoundDomain{std::move(handle), std::move(name)};
}

DomainState ToDomainState(int state) {
  switch (state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED:
    case VIR_DOMAIN_SHUTDOWN:  // on its way down, but its memory is still there
      return DomainState::kRunning;
    case VIR_DOMAIN_PAUSED:
      return DomainState::kPaused;
    case VIR_DOMAIN_SHUTOFF:
      return DomainState::kShutOff;
    case VIR_DOMAIN_CRASHED:
      return DomainState::kCrashed;
    case VIR_DOMAIN_PMSUSPENDED:
      return DomainState::kSuspended;
    default:
      return DomainState::kUnknown;
  }
}

}  // namespace

absl::StatusOr<DomainInfo> ReadDomain(const ConnectionHandle& connection, const std::string& uuid) {
  const absl::StatusOr<FoundDomain> domain = FindDomain(connection, uuid);
  if (!domain.ok()) return domain.status();
  int state = VIR_DOMAIN_NOSTATE;
  if (virDomainGetState(domain->handle.get(), &state, nullptr, 0) != 0) return domain->Error("cannot read its state");
  // Should it change in between, an event follows and it is read again.
  const std::unique_ptr<char, FreeText> xml(virDomainGetXMLDesc(domain->handle.get(), 0));
  if (xml == nullptr) return domain->Error("cannot read its XML");
  return DomainInfo{
      .uuid = uuid, .name = domain->name, .state = ToDomainState(state), .xml = xml.get(), .answered = true};
}

absl::Status SetRequested(const ConnectionHandle& connection, const std::string& uuid,
                          const PerTier<Bytes>& requested) {
  const absl::StatusOr<FoundDomain> domain = FindDomain(connection, uuid);
  if (!domain.ok()) return domain.status();
  const std::unique_ptr<char, FreeText> xml(virDomainGetXMLDesc(domain->handle.get(), 0));
  if (xml == nullptr) return domain->Error("cannot read its XML");
  // Also where the device is asked for that size already: QEMU then tells the guest once more, whose driver tries again
  // at once what it could not do before.
  for (const TierId tier : kTiers) {
    const absl::StatusOr<std::string> device = domain::WithRequested(xml.get(), tier, requested[tier]);
    if (!device.ok()) return device.status();
    if (virDomainUpdateDeviceFlags(domain->handle.get(), device->c_str(), VIR_DOMAIN_AFFECT_LIVE) == 0) continue;
    return domain->Error(fmt::format("cannot set the requested size of its {} device to {}", TierName(tier),
                                     FormatBytes(requested[tier])));
  }
  return absl::OkStatus();
}

absl::Status AttachAgentChannel(const ConnectionHandle& connection, const std::string& uuid) {
  const absl::StatusOr<FoundDomain> domain = FindDomain(connection, uuid);
  if (!domain.ok()) return domain.status();
  // libvirt chooses the socket's path, and adds a controller if there is none.
  const std::string xml =
      fmt::format("<channel type='unix'><target type='virtio' name='{}'/></channel>", domain::kAgentPort);
  if (virDomainAttachDeviceFlags(domain->handle.get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) == 0)
    return absl::OkStatus();
  return domain->Error("cannot attach the agent's channel");
}

absl::Status PauseDomain(const ConnectionHandle& connection, const std::string& uuid) {
  const absl::StatusOr<FoundDomain> domain = FindDomain(connection, uuid);
  if (!domain.ok()) return domain.status();
  return virDomainSuspend(domain->handle.get()) == 0 ? absl::OkStatus() : domain->Error("cannot pause it");
}

absl::Status DestroyDomain(const ConnectionHandle& connection, const std::string& uuid) {
  const absl::StatusOr<FoundDomain> domain = FindDomain(connection, uuid);
  if (!domain.ok()) return domain.status();
  return virDomainDestroy(domain->handle.get()) == 0 ? absl::OkStatus() : domain->Error("cannot destroy it");
}

}  // namespace hypertier
