// SPDX-License-Identifier: Apache-2.0
#include "host-service/libvirt/connection.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

#include <array>
#include <utility>

#include "host-service/libvirt/error.h"

namespace hypertier {
namespace {

// Seconds between probes of an idle connection, and probes without an answer after which it is dead.
constexpr int kKeepaliveInterval = 5;
constexpr unsigned kKeepaliveCount = 3;

using Shared = std::shared_ptr<ConnectionCallbacks>;

const ConnectionCallbacks& Callbacks(void* opaque) {
  return **static_cast<Shared*>(opaque);
}
void Free(void* opaque) {
  delete static_cast<Shared*>(opaque);
}

void Changed(virDomainPtr domain, void* opaque) {
  std::array<char, VIR_UUID_STRING_BUFLEN> uuid;
  if (virDomainGetUUIDString(domain, uuid.data()) == 0) Callbacks(opaque).changed(uuid.data());
}

int OnLifecycle(virConnectPtr, virDomainPtr domain, int, int, void* opaque) {
  Changed(domain, opaque);
  return 0;
}
void OnReboot(virConnectPtr, virDomainPtr domain, void* opaque) {
  std::array<char, VIR_UUID_STRING_BUFLEN> uuid;
  if (virDomainGetUUIDString(domain, uuid.data()) == 0) Callbacks(opaque).rebooted(uuid.data());
}
void OnDevice(virConnectPtr, virDomainPtr domain, const char*, void* opaque) {
  Changed(domain, opaque);
}
void OnChannelState(virConnectPtr, virDomainPtr domain, int, int, void* opaque) {
  Changed(domain, opaque);
}
void OnMetadata(virConnectPtr, virDomainPtr domain, int, const char*, void* opaque) {
  Changed(domain, opaque);
}
void OnDeviceSize(virConnectPtr, virDomainPtr domain, const char*, unsigned long long, void* opaque) {
  Changed(domain, opaque);
}

void OnClose(virConnectPtr, int reason, void* opaque) {
  const char* text = reason == VIR_CONNECT_CLOSE_REASON_EOF         ? "the daemon closed the connection"
                     : reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE ? "the daemon does not answer"
                     : reason == VIR_CONNECT_CLOSE_REASON_ERROR     ? "input or output failed"
                                                                    : "closed";
  Callbacks(opaque).lost(text);
}

struct Event {
  int id;
  // libvirt has one type for all callbacks and casts back by the identifier.
  virConnectDomainEventGenericCallback callback;
};

template <typename Function>
virConnectDomainEventGenericCallback Generic(Function* function) {
  return reinterpret_cast<virConnectDomainEventGenericCallback>(reinterpret_cast<void (*)()>(function));
}

bool Unsupported() {
  const int code = virGetLastErrorCode();
  return code == VIR_ERR_NO_SUPPORT || code == VIR_ERR_OPERATION_UNSUPPORTED || code == VIR_ERR_INVALID_ARG;
}

}  // namespace

absl::StatusOr<ConnectionHandle> OpenConnection(const std::string& uri) {
  virConnectPtr connection = virConnectOpen(uri.c_str());
  if (connection == nullptr) return LibvirtError(uri, "cannot connect");
  return ConnectionHandle(connection, [](virConnectPtr c) { virConnectClose(c); });
}

Connection::~Connection() {
  for (const int id : registered_) virConnectDomainEventDeregisterAny(handle_.get(), id);
  if (has_close_callback_) virConnectUnregisterCloseCallback(handle_.get(), OnClose);
}

absl::Status Connection::Watch(ConnectionCallbacks callbacks) {
  callbacks_ = std::make_shared<ConnectionCallbacks>(std::move(callbacks));

  // Ours to keep: a driver that has no such callback says yes and never frees what it was given. After unregistering,
  // none comes.
  if (virConnectRegisterCloseCallback(handle_.get(), OnClose, &callbacks_, nullptr) == 0) {
    has_close_callback_ = true;
  } else if (!Unsupported()) {
    return LibvirtError("libvirt", "cannot watch the connection");
  }
  // 1: the daemon is too old for it. Local drivers have no connection to keep.
  if (virConnectSetKeepAlive(handle_.get(), kKeepaliveInterval, kKeepaliveCount) < 0 && !Unsupported()) {
    return LibvirtError("libvirt", "cannot set the keepalive");
  }

  const Event events[] = {
      {VIR_DOMAIN_EVENT_ID_LIFECYCLE, Generic(OnLifecycle)},
      {VIR_DOMAIN_EVENT_ID_REBOOT, Generic(OnReboot)},
      {VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, Generic(OnDevice)},
      {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, Generic(OnDevice)},
      {VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, Generic(OnChannelState)},
      {VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, Generic(OnMetadata)},
      // QEMU tells of a device at most once a second.
      {VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE, Generic(OnDeviceSize)},
  };
  for (const Event& event : events) {
    auto* opaque = new Shared(callbacks_);
    const int id = virConnectDomainEventRegisterAny(handle_.get(), nullptr, event.id, event.callback, opaque, Free);
    if (id >= 0) {
      registered_.push_back(id);
      continue;
    }
    delete opaque;
    if (event.id == VIR_DOMAIN_EVENT_ID_LIFECYCLE || !Unsupported()) {
      return LibvirtError("libvirt", fmt::format("cannot ask for events of kind {}", event.id));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Connection::Listed>> Connection::List() {
  virDomainPtr* domains = nullptr;
  const int count = virConnectListAllDomains(handle_.get(), &domains, 0);
  if (count < 0) return LibvirtError("libvirt", "cannot list the domains");
  std::vector<Listed> listed;
  listed.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    std::array<char, VIR_UUID_STRING_BUFLEN> uuid;
    if (virDomainGetUUIDString(domains[i], uuid.data()) == 0) {
      listed.push_back({uuid.data(), virDomainGetName(domains[i])});
    }
    virDomainFree(domains[i]);
  }
  free(domains);
  return listed;
}

}  // namespace hypertier
