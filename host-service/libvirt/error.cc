// SPDX-License-Identifier: Apache-2.0
#include "host-service/libvirt/error.h"

#include <fmt/format.h>
#include <libvirt/virterror.h>

namespace hypertier {
namespace {

struct Translation {
  absl::StatusCode code;
  std::string_view remedy;
};

Translation Translate(int code) {
  using absl::StatusCode;
  switch (code) {
    case VIR_ERR_NO_DOMAIN:
      return {StatusCode::kNotFound, ""};
    case VIR_ERR_OPERATION_INVALID:
      return {StatusCode::kFailedPrecondition, "; look at the domain's state with virsh dominfo"};
    case VIR_ERR_OPERATION_TIMEOUT:
    case VIR_ERR_RESOURCE_BUSY:
      return {StatusCode::kUnavailable, "; another operation holds the domain (virsh domjobinfo), it is tried again"};
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
    case VIR_ERR_ACCESS_DENIED:
      return {StatusCode::kPermissionDenied, "; let hypertierd's user manage libvirt (group libvirt, or polkit)"};
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_OPERATION_UNSUPPORTED:
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
      return {StatusCode::kUnimplemented, "; this libvirt or driver cannot do it"};
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_SYSTEM_ERROR:
    case VIR_ERR_RPC:
      return {StatusCode::kUnavailable, "; see that libvirtd runs and that libvirt.uri is right"};
    default:
      return {StatusCode::kInternal, "; see libvirtd's log"};
  }
}

}  // namespace

absl::Status LibvirtError(std::string_view subject, std::string_view tried) {
  const virError* error = virGetLastError();
  const int code = error == nullptr ? static_cast<int>(VIR_ERR_OK) : error->code;
  const char* message = error == nullptr || error->message == nullptr ? "libvirt gives no reason" : error->message;
  const auto [status, remedy] = Translate(code);
  return {status, fmt::format("{}: {}: {}{}", subject, tried, message, remedy)};
}

}  // namespace hypertier
