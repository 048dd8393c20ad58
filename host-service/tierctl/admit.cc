// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/qos_table.h"
#include "host-service/tierctl/words.h"

namespace hypertier::tierctl {

int Admit(const Context& context, const AdmitOptions& options) {
  v1::CheckAdmissionRequest request;
  google::protobuf::FieldMask given;
  if (const auto status = Apply(options.flags, *request.mutable_policy(), given); !status.ok()) return Misused(status);
  request.set_tenant(std::string(TenantId(options.tenant)));
  request.set_fmem_cell_bytes(options.cells.fmem().count());
  request.set_smem_cell_bytes(options.cells.smem().count());
  const auto stub = ConnectQos(context);
  v1::CheckAdmissionResponse response;
  if (const auto status = Call(*stub, &QosStub::CheckAdmission, request, response); !status.ok()) {
    return Fail(context, status);
  }
  Print(context, response, FormatAdmission(response));
  return response.admitted() ? kOk : kRefused;
}

}  // namespace hypertier::tierctl
