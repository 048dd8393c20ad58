// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/qos_table.h"

namespace hypertier::tierctl {
namespace {

// What is in force with the given terms on top. Exit code of what went wrong, else kOk.
int AddTenant(const Context& context, QosStub& stub, const PreviewOptions& options, v1::PlanPreviewRequest& request) {
  v1::GetTenantRequest get;
  get.set_name(TenantName(options.tenant));
  v1::GetTenantResponse now;
  if (const auto status = Call(stub, &QosStub::GetTenant, get, now); !status.ok()) return Fail(context, status);
  // Only what CreateTenant takes.
  v1::Tenant& tenant = *request.add_tenants();
  tenant.set_name(now.tenant().name());
  tenant.set_display_name(now.tenant().display_name());
  if (now.tenant().has_fmem()) *tenant.mutable_fmem() = now.tenant().fmem();
  if (now.tenant().has_smem()) *tenant.mutable_smem() = now.tenant().smem();
  google::protobuf::FieldMask given;
  const auto status = Apply({.display_name = {}, .terms = options.flags.terms}, tenant, given);
  return status.ok() ? kOk : Misused(status);
}

int AddPolicy(const Context& context, QosStub& stub, const PreviewOptions& options, v1::PlanPreviewRequest& request) {
  v1::GetVmPolicyRequest get;
  get.set_name(options.vm);
  v1::GetVmPolicyResponse now;
  if (const auto status = Call(stub, &QosStub::GetVmPolicy, get, now); !status.ok()) return Fail(context, status);
  v1::VmPolicy& policy = *request.add_policies();
  policy = now.policy();
  policy.clear_etag();
  policy.clear_update_time();
  google::protobuf::FieldMask given;
  const auto status = Apply(options.flags, policy, given);
  return status.ok() ? kOk : Misused(status);
}

}  // namespace

int Preview(const Context& context, const PreviewOptions& options) {
  const auto stub = ConnectQos(context);
  v1::PlanPreviewRequest request;
  request.set_include_unchanged(options.all);
  const int built =
      options.vm.empty() ? AddTenant(context, *stub, options, request) : AddPolicy(context, *stub, options, request);
  if (built != kOk) return built;
  v1::PlanPreviewResponse response;
  if (const auto status = Call(*stub, &QosStub::PlanPreview, request, response); !status.ok()) {
    return Fail(context, status);
  }
  if (context.output != Output::kName) return Print(context, response, FormatPreview(response));
  for (const v1::PlannedVm& vm : response.vms()) fmt::print("{}\n", vm.display_name());
  return kOk;
}

int Explain(const Context& context, const std::string& vm) {
  const auto stub = ConnectQos(context);
  v1::ExplainVmRequest request;
  request.set_name(vm);
  v1::ExplainVmResponse response;
  if (const auto status = Call(*stub, &QosStub::ExplainVm, request, response); !status.ok()) {
    return Fail(context, status);
  }
  return Print(context, response, FormatExplanation(response));
}

}  // namespace hypertier::tierctl
