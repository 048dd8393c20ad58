// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/qos_table.h"

namespace hypertier::tierctl {
int ShowHost(const Context& context) {
  const auto stub = ConnectQos(context);
  v1::GetHostResponse response;
  if (const auto status = Call(*stub, &QosStub::GetHost, v1::GetHostRequest(), response); !status.ok()) {
    return Fail(context, status);
  }
  return Print(context, response.host(), FormatHost(response.host()));
}

int SetMaintenance(const Context& context, bool active, const std::string& reason) {
  const auto stub = ConnectQos(context);
  v1::SetMaintenanceRequest request;
  request.set_active(active);
  request.set_reason(reason);
  v1::SetMaintenanceResponse response;
  if (const auto status = Call(*stub, &QosStub::SetMaintenance, request, response); !status.ok()) {
    return Fail(context, status);
  }
  return Print(context, response.host(), FormatHost(response.host()));
}

}  // namespace hypertier::tierctl
