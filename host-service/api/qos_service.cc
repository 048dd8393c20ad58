// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/qos_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "host-service/api/caller.h"
#include "host-service/api/convert.h"
#include "host-service/api/pages.h"
#include "host-service/api/qos_convert.h"
#include "host-service/api/synced.h"
#include "host-service/control/commitment.h"
#include "host-service/policy/check.h"
#include "host-service/qos/admission.h"

namespace hypertier::api {
namespace {

using metrics::RpcMethod;

constexpr char kPolicySuffix[] = "/policy";

// Name of the VM in "vms/{uuid}/policy", or what else it is.
std::string VmOfPolicy(const std::string& name) {
  return name.ends_with(kPolicySuffix) ? name.substr(0, name.size() - sizeof(kPolicySuffix) + 1) : name;
}

void FillTenant(const control::Backend& backend, const std::string& id, v1::Tenant& tenant) {
  const control::SnapshotPtr snapshot = backend.Snapshot();
  TenantView(*snapshot).Fill(id, tenant);
}

absl::StatusOr<control::PreviewRequest> PreviewOf(const v1::PlanPreviewRequest& request) {
  control::PreviewRequest preview;
  preview.include_unchanged = request.include_unchanged();
  for (const v1::Tenant& tenant : request.tenants()) {
    auto record = FromProto(tenant);
    if (!record.ok()) return record.status();
    if (!preview.tenants.emplace(record->id, record->terms).second) {
      return absl::InvalidArgumentError(fmt::format("tenants: tenants/{} is named twice", record->id));
    }
  }
  for (const v1::VmPolicy& policy : request.policies()) {
    auto said = FromProto(policy);
    if (!said.ok()) return said.status();
    if (!preview.policies.emplace(VmOfPolicy(policy.name()), *std::move(said)).second) {
      return absl::InvalidArgumentError(fmt::format("policies: {} is named twice", policy.name()));
    }
  }
  return preview;
}

}  // namespace

QosService::Reactor* QosService::Answer(Context* context, const metrics::RpcCall& call, const absl::Status& status) {
  call.Answered(static_cast<int>(status.code()));
  Reactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

template <typename T, typename Fill>
control::Backend::Done<T> QosService::WhenDone(Reactor* reactor, const metrics::RpcCall& call, Fill fill) {
  return [reactor, call, fill = std::move(fill)](absl::StatusOr<T> result) {
    if (result.ok()) fill(*result);
    call.Answered(static_cast<int>(result.status().code()));
    reactor->Finish(ToGrpc(result.status()));
  };
}

QosService::Reactor* QosService::GetHost(Context* context, const v1::GetHostRequest*, v1::GetHostResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kGetHost);
  const control::SnapshotPtr snapshot = backend_->Snapshot();
  const absl::Status synced = CheckSynced(*snapshot);
  if (synced.ok()) ToProto(*snapshot, *response->mutable_host());
  return Answer(context, call, synced);
}

absl::Status QosService::List(const v1::ListTenantsRequest& request, v1::ListTenantsResponse& response) const {
  const control::SnapshotPtr snapshot = backend_->Snapshot();
  if (absl::Status synced = CheckSynced(*snapshot); !synced.ok()) return synced;
  const auto size = PageSize(request.page_size());
  if (!size.ok()) return size.status();
  const TenantView view(*snapshot);
  auto at = view.tenants().begin();
  if (!request.page_token().empty()) {
    const auto last = ReadPageToken("tenants", request.page_token());
    if (!last.ok()) return last.status();
    at = view.tenants().upper_bound(*last);
  }
  std::size_t bytes = 0;
  for (; at != view.tenants().end(); ++at) {
    if (static_cast<std::size_t>(response.tenants_size()) >= *size || bytes > kMaxPageBytes) {
      response.set_next_page_token(MakePageToken("tenants", std::prev(at)->first));
      break;
    }
    v1::Tenant& tenant = *response.add_tenants();
    view.Fill(at->first, tenant);
    bytes += tenant.ByteSizeLong();
  }
  return absl::OkStatus();
}

QosService::Reactor* QosService::ListTenants(Context* context, const v1::ListTenantsRequest* request,
                                             v1::ListTenantsResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kListTenants);
  return Answer(context, call, List(*request, *response));
}

absl::Status QosService::Get(const v1::GetTenantRequest& request, v1::GetTenantResponse& response) const {
  const control::SnapshotPtr snapshot = backend_->Snapshot();
  if (absl::Status synced = CheckSynced(*snapshot); !synced.ok()) return synced;
  const auto id = TenantIdOf(request.name(), "name");
  if (!id.ok()) return id.status();
  const TenantView view(*snapshot);
  if (!view.Has(*id)) {
    return absl::NotFoundError(
        fmt::format("name: nothing was said about tenants/{}, and no VM names it; ListTenants shows all", *id));
  }
  view.Fill(*id, *response.mutable_tenant());
  return absl::OkStatus();
}

QosService::Reactor* QosService::GetTenant(Context* context, const v1::GetTenantRequest* request,
                                           v1::GetTenantResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kGetTenant);
  return Answer(context, call, Get(*request, *response));
}

QosService::Reactor* QosService::CreateTenant(Context* context, const v1::CreateTenantRequest* request,
                                              v1::CreateTenantResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kCreateTenant);
  auto tenant = FromProto(request->tenant());
  if (!tenant.ok()) return Answer(context, call, tenant.status());
  auto caller = CallerOf(*context, request->reason());
  if (!caller.ok()) return Answer(context, call, caller.status());
  Reactor* reactor = context->DefaultReactor();
  backend_->CreateTenant(*std::move(tenant), *std::move(caller),
                         WhenDone<TenantRecord>(reactor, call, [this, response](const auto& made) {
                           FillTenant(*backend_, made.id, *response->mutable_tenant());
                         }));
  return reactor;
}

QosService::Reactor* QosService::UpdateTenant(Context* context, const v1::UpdateTenantRequest* request,
                                              v1::UpdateTenantResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kUpdateTenant);
  const auto wanted = FromProto(request->tenant());
  if (!wanted.ok()) return Answer(context, call, wanted.status());
  const auto mask = TenantMask(request->update_mask());
  if (!mask.ok()) return Answer(context, call, mask.status());
  auto caller = CallerOf(*context, request->reason());
  if (!caller.ok()) return Answer(context, call, caller.status());
  Reactor* reactor = context->DefaultReactor();
  control::TenantEdit edit{
      .id = wanted->id,
      .etag = request->tenant().etag(),
      .edit = [wanted = *wanted, mask = *mask](TenantRecord& record) { Apply(mask, wanted, record); }};
  backend_->UpdateTenant(std::move(edit), *std::move(caller),
                         WhenDone<TenantRecord>(reactor, call, [this, response](const auto& made) {
                           FillTenant(*backend_, made.id, *response->mutable_tenant());
                         }));
  return reactor;
}

QosService::Reactor* QosService::DeleteTenant(Context* context, const v1::DeleteTenantRequest* request,
                                              v1::DeleteTenantResponse*) {
  const metrics::RpcCall call(stats_, RpcMethod::kDeleteTenant);
  auto id = TenantIdOf(request->name(), "name");
  if (!id.ok()) return Answer(context, call, id.status());
  auto caller = CallerOf(*context, request->reason());
  if (!caller.ok()) return Answer(context, call, caller.status());
  Reactor* reactor = context->DefaultReactor();
  backend_->DeleteTenant(*std::move(id), request->etag(), *std::move(caller),
                         WhenDone<std::monostate>(reactor, call, [](std::monostate) {}));
  return reactor;
}

absl::Status QosService::Get(const v1::GetVmPolicyRequest& request, v1::GetVmPolicyResponse& response) const {
  const control::SnapshotPtr snapshot = backend_->Snapshot();
  if (absl::Status synced = CheckSynced(*snapshot); !synced.ok()) return synced;
  const auto vm = snapshot->FindVm(VmOfPolicy(request.name()));
  if (!vm.ok()) return vm.status();
  const auto known = snapshot->policies->find((*vm)->uuid);
  VmPolicyRecord record{.uuid = (*vm)->uuid, .policy = {}, .version = 0, .changed = {}};
  ToProto(known != snapshot->policies->end() ? known->second : record, *response.mutable_policy());
  return absl::OkStatus();
}

QosService::Reactor* QosService::GetVmPolicy(Context* context, const v1::GetVmPolicyRequest* request,
                                             v1::GetVmPolicyResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kGetVmPolicy);
  return Answer(context, call, Get(*request, *response));
}

QosService::Reactor* QosService::UpdateVmPolicy(Context* context, const v1::UpdateVmPolicyRequest* request,
                                                v1::UpdateVmPolicyResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kUpdateVmPolicy);
  const auto wanted = FromProto(request->policy());
  if (!wanted.ok()) return Answer(context, call, wanted.status());
  const auto mask = VmPolicyMask(request->update_mask());
  if (!mask.ok()) return Answer(context, call, mask.status());
  auto caller = CallerOf(*context, request->reason());
  if (!caller.ok()) return Answer(context, call, caller.status());
  Reactor* reactor = context->DefaultReactor();
  control::VmPolicyEdit edit{
      .vm = VmOfPolicy(request->policy().name()),
      .etag = request->policy().etag(),
      .edit = [wanted = *wanted, mask = *mask](VmPolicyRecord& record) { Apply(mask, wanted, record.policy); }};
  backend_->UpdateVmPolicy(std::move(edit), *std::move(caller),
                           WhenDone<VmPolicyRecord>(reactor, call, [response](const auto& made) {
                             ToProto(made, *response->mutable_policy());
                           }));
  return reactor;
}

absl::Status QosService::Check(const v1::CheckAdmissionRequest& request, v1::CheckAdmissionResponse& response) const {
  const control::SnapshotPtr snapshot = backend_->Snapshot();
  if (absl::Status synced = CheckSynced(*snapshot); !synced.ok()) return synced;
  const control::HostRecord& host = *snapshot->host;
  if (!host.capacity) return absl::FailedPreconditionError("nothing is planned on this host: " + host.off);
  const PerTier<Bytes> cells{Bytes(request.fmem_cell_bytes()), Bytes(request.smem_cell_bytes())};
  for (const TierId tier : kTiers) {
    if (cells[tier] > Bytes()) continue;
    return absl::InvalidArgumentError(
        fmt::format("{}_cell_bytes: a two-tier VM has memory in both cells; write its size", TierName(tier)));
  }
  const auto said = FromProto(request.policy());
  if (!said.ok()) return said.status();
  if (absl::Status status = policy::CheckTerms(said->terms, cells); !status.ok()) return status;
  std::string tenant_id;
  if (!request.tenant().empty()) {
    auto id = TenantIdOf(request.tenant(), "tenant");
    if (!id.ok()) return id.status();
    tenant_id = *std::move(id);
  }

  const std::array words{*said, policy::VmTerms{.mode = host.default_mode, .qos_class = {}, .terms = {}}};
  policy::Promise promise = policy::Resolve(words, host.classes, cells);
  if (promise.mode == policy::Mode::kStatic) {
    // It keeps what it gets, and it boots with all that it may have.
    for (const TierId tier : kTiers) promise.tiers[tier].reservation = promise.tiers[tier].limit;
  }
  qos::Snapshot commitments = control::CommitmentsOf(*snapshot);
  const std::size_t tenant = control::TenantIn(commitments, tenant_id, *snapshot->tenants);
  std::vector<std::string> reasons = qos::WouldBeUnmet(commitments, tenant, promise.tiers);
  reasons.insert(reasons.end(), promise.problems.begin(), promise.problems.end());
  if (host.maintenance) {
    reasons.push_back(fmt::format("the host is in maintenance: {}", host.maintenance->reason));
  }
  const PerTier<Bytes> reserved = qos::Reserved(commitments);
  response.set_admitted(reasons.empty());
  response.mutable_reasons()->Assign(reasons.begin(), reasons.end());
  response.set_unreserved_fmem_bytes((host.capacity->fmem() - reserved.fmem()).count());
  response.set_unreserved_smem_bytes((host.capacity->smem() - reserved.smem()).count());
  return absl::OkStatus();
}

QosService::Reactor* QosService::CheckAdmission(Context* context, const v1::CheckAdmissionRequest* request,
                                                v1::CheckAdmissionResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kCheckAdmission);
  return Answer(context, call, Check(*request, *response));
}

QosService::Reactor* QosService::PlanPreview(Context* context, const v1::PlanPreviewRequest* request,
                                             v1::PlanPreviewResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kPlanPreview);
  auto preview = PreviewOf(*request);
  if (!preview.ok()) return Answer(context, call, preview.status());
  Reactor* reactor = context->DefaultReactor();
  using Planned = std::vector<control::PlannedVm>;
  backend_->PreviewPlan(*std::move(preview), WhenDone<Planned>(reactor, call, [response](const Planned& vms) {
    for (const control::PlannedVm& vm : vms) ToProto(vm, *response->add_vms());
  }));
  return reactor;
}

QosService::Reactor* QosService::ExplainVm(Context* context, const v1::ExplainVmRequest* request,
                                           v1::ExplainVmResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kExplainVm);
  Reactor* reactor = context->DefaultReactor();
  backend_->Explain(request->name(), WhenDone<control::Explanation>(reactor, call, [response](const auto& explanation) {
                      ToProto(explanation.vm, *response->mutable_vm());
                      for (const std::string& sentence : explanation.sentences) {
                        response->add_sentences(sentence);
                      }
                    }));
  return reactor;
}

QosService::Reactor* QosService::SetGrants(Context* context, const v1::SetGrantsRequest* request,
                                           v1::SetGrantsResponse*) {
  const metrics::RpcCall call(stats_, RpcMethod::kSetGrants);
  auto caller = CallerOf(*context, request->reason());
  if (!caller.ok()) return Answer(context, call, caller.status());
  std::vector<GrantRecord> grants;
  for (const v1::Grant& said : request->grants()) {
    auto grant = FromProto(said);
    if (!grant.ok()) return Answer(context, call, grant.status());
    grants.push_back(*std::move(grant));
  }
  Reactor* reactor = context->DefaultReactor();
  backend_->SetGrants(std::move(grants), *std::move(caller),
                      WhenDone<std::monostate>(reactor, call, [](std::monostate) {}));
  return reactor;
}

QosService::Reactor* QosService::SetMaintenance(Context* context, const v1::SetMaintenanceRequest* request,
                                                v1::SetMaintenanceResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kSetMaintenance);
  auto caller = CallerOf(*context, request->reason());
  if (caller.ok() && request->active() && request->reason().empty()) {
    caller = absl::InvalidArgumentError("reason: empty; say why, for those who find the host frozen");
  }
  if (!caller.ok()) return Answer(context, call, caller.status());
  Reactor* reactor = context->DefaultReactor();
  backend_->SetMaintenance(request->active(), *std::move(caller),
                           WhenDone<std::monostate>(reactor, call, [this, response](std::monostate) {
                             ToProto(*backend_->Snapshot(), *response->mutable_host());
                           }));
  return reactor;
}

QosService::Reactor* QosService::ListAuditRecords(Context* context, const v1::ListAuditRecordsRequest* request,
                                                  v1::ListAuditRecordsResponse* response) {
  const metrics::RpcCall call(stats_, RpcMethod::kListAuditRecords);
  const auto size = PageSize(request->page_size());
  if (!size.ok()) return Answer(context, call, size.status());
  control::AuditQuery query{.subject = request->subject(), .before = 0, .at_most = *size + 1};
  if (!request->page_token().empty()) {
    const auto last = ReadPageToken("audit", request->page_token());
    if (!last.ok()) return Answer(context, call, last.status());
    const auto [end, error] = std::from_chars(last->data(), last->data() + last->size(), query.before);
    if (error != std::errc() || end != last->data() + last->size()) {
      return Answer(context, call, absl::InvalidArgumentError("page_token: it is none of an earlier answer"));
    }
  }
  Reactor* reactor = context->DefaultReactor();
  using Records = std::vector<AuditRecord>;
  backend_->Audit(std::move(query), WhenDone<Records>(reactor, call, [response, size = *size](const Records& all) {
                    for (const AuditRecord& record : all) {
                      if (static_cast<std::size_t>(response->records_size()) == size) {
                        const auto last = response->records(response->records_size() - 1).sequence();
                        response->set_next_page_token(MakePageToken("audit", std::to_string(last)));
                        break;
                      }
                      ToProto(record, *response->add_records());
                    }
                  }));
  return reactor;
}

}  // namespace hypertier::api
