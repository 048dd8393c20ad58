// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "host-service/tierctl/commands.h"
#include "host-service/tierctl/qos_table.h"
#include "host-service/tierctl/words.h"

namespace hypertier::tierctl {
namespace {

int Show(const Context& context, const v1::Tenant& tenant) {
  if (context.output != Output::kName) return Print(context, tenant, FormatTenant(tenant));
  fmt::print("{}\n", TenantId(tenant.name()));
  return kOk;
}

}  // namespace

int ListTenants(const Context& context) {
  const auto stub = ConnectQos(context);
  std::vector<v1::Tenant> tenants;
  if (const grpc::Status status = ListAllTenants(*stub, tenants); !status.ok()) return Fail(context, status);
  if (context.output == Output::kName) {
    for (const v1::Tenant& tenant : tenants) fmt::print("{}\n", TenantId(tenant.name()));
    return kOk;
  }
  v1::ListTenantsResponse all;
  all.mutable_tenants()->Assign(tenants.begin(), tenants.end());
  return Print(context, all, tenants.empty() ? "No tenants.\n" : FormatTenants(tenants));
}

int GetTenant(const Context& context, const std::string& tenant) {
  const auto stub = ConnectQos(context);
  v1::GetTenantRequest request;
  request.set_name(TenantName(tenant));
  v1::GetTenantResponse response;
  if (const auto status = Call(*stub, &QosStub::GetTenant, request, response); !status.ok()) {
    return Fail(context, status);
  }
  return Show(context, response.tenant());
}

int CreateTenant(const Context& context, const TenantOptions& options) {
  v1::CreateTenantRequest request;
  google::protobuf::FieldMask given;
  if (const auto status = Apply(options.flags, *request.mutable_tenant(), given); !status.ok()) return Misused(status);
  request.mutable_tenant()->set_name(TenantName(options.tenant));
  request.set_reason(options.reason);
  const auto stub = ConnectQos(context);
  v1::CreateTenantResponse response;
  if (const auto status = Call(*stub, &QosStub::CreateTenant, request, response); !status.ok()) {
    return Fail(context, status);
  }
  return Show(context, response.tenant());
}

int SetTenant(const Context& context, const TenantOptions& options) {
  v1::UpdateTenantRequest request;
  if (const auto status = Apply(options.flags, *request.mutable_tenant(), *request.mutable_update_mask());
      !status.ok()) {
    return Misused(status);
  }
  // An empty mask would be all fields.
  if (request.update_mask().paths().empty()) return NothingToSet();
  request.mutable_tenant()->set_name(TenantName(options.tenant));
  request.mutable_tenant()->set_etag(options.etag);
  request.set_reason(options.reason);
  const auto stub = ConnectQos(context);
  v1::UpdateTenantResponse response;
  if (const auto status = Call(*stub, &QosStub::UpdateTenant, request, response); !status.ok()) {
    return Fail(context, status);
  }
  return Show(context, response.tenant());
}

int DeleteTenant(const Context& context, const TenantOptions& options) {
  v1::DeleteTenantRequest request;
  request.set_name(TenantName(options.tenant));
  request.set_etag(options.etag);
  request.set_reason(options.reason);
  const auto stub = ConnectQos(context);
  v1::DeleteTenantResponse response;
  if (const auto status = Call(*stub, &QosStub::DeleteTenant, request, response); !status.ok()) {
    return Fail(context, status);
  }
  if (context.output == Output::kName) return kOk;
  return Print(context, response, fmt::format("{} has no terms any more.\n", request.name()));
}

}  // namespace hypertier::tierctl
