// SPDX-License-Identifier: Apache-2.0
//
// QosService over a socket, with control itself behind it.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <tuple>

#include "host-service/api/server.h"
#include "host-service/control/controller.h"
#include "host-service/control/quiet_world.h"
#include "host-service/ledger/fake_ledger.h"
#include "host-service/qos/burst.h"
#include "hypertier/v1/qos.grpc.pb.h"

namespace hypertier::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kUuid[] = "11111111-1111-4111-8111-111111111111";
constexpr std::uint64_t kGiB = 1ULL << 30;

control::EngineOptions Options() {
  control::EngineOptions options;
  options.qos.policy = *qos::MakeBurstPolicy("proportional");
  options.qos.policy_name = "proportional";
  options.qos.period = absl::Hours(1);
  options.qos.capacity = PerTier<Bytes>{Bytes::GiB(8), Bytes::GiB(32)};
  options.qos.classes = {{"gold", {{policy::Amount::Percent(50), {}, 4.0}, {}}}};
  return options;
}

class QosServiceTest : public testing::Test {
 protected:
  explicit QosServiceTest(control::EngineOptions options = Options())
      : controller_(std::move(options), control::EngineWorld{.agents = &world_,
                                                             .domains = &world_,
                                                             .residency = &world_,
                                                             .ledger = &ledger_,
                                                             .describe = Describe,
                                                             .on_event = {},
                                                             .on_connection = {},
                                                             .on_trouble = {}}) {
    char pattern[] = "/tmp/hypertier-api-XXXXXX";
    directory_ = mkdtemp(pattern);
    const std::string address = "unix:" + directory_ + "/api.sock";
    EXPECT_TRUE(controller_.Start().ok());
    // One VM of 4 GiB FMEM, whose targets nobody plans.
    controller_.OnResync({{.uuid = kUuid, .name = "web1", .state = DomainState::kRunning, .xml = kUuid}});
    server_ = *Server::Start({.listen = address, .socket_mode = 0600, .socket_group = ""}, &controller_, &rpcs_);
    stub_ = v1::QosService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    while (!controller_.Snapshot()->synced) absl::SleepFor(absl::Milliseconds(5));
  }
  ~QosServiceTest() override {
    server_.reset();
    controller_.Stop();
    std::filesystem::remove_all(directory_);
  }

  static absl::StatusOr<domain::Description> Describe(std::string_view xml) {
    domain::Description description;
    description.uuid = xml;
    description.name = "web1";
    description.tenant = "acme";
    description.cells = PerTier<Bytes>{Bytes::GiB(4), Bytes::GiB(8)};
    description.has_agent_channel = true;
    return description;
  }

  // Calls a method of the stub.
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (v1::QosService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
    context.AddMetadata("hypertier-actor", "alice");
    response.Clear();
    return (stub_.get()->*method)(&context, request, &response);
  }

  grpc::Status Create(const v1::Tenant& tenant, v1::Tenant& made) {
    v1::CreateTenantRequest request;
    *request.mutable_tenant() = tenant;
    request.set_reason("ticket 7");
    v1::CreateTenantResponse response;
    const grpc::Status status = Call(&v1::QosService::Stub::CreateTenant, request, response);
    made = response.tenant();
    return status;
  }
  v1::Host Host() {
    v1::GetHostResponse response;
    EXPECT_TRUE(Call(&v1::QosService::Stub::GetHost, v1::GetHostRequest(), response).ok());
    return response.host();
  }

  control::QuietWorld world_;
  FakeLedger ledger_;
  control::Controller controller_;
  metrics::RpcStats rpcs_;
  std::string directory_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::QosService::Stub> stub_;
};

v1::Tenant Acme() {
  v1::Tenant tenant;
  tenant.set_name("tenants/acme");
  tenant.set_display_name("Acme Ltd");
  tenant.mutable_fmem()->mutable_reservation()->set_percent(25);
  tenant.mutable_fmem()->mutable_limit()->set_bytes(6 * kGiB);
  tenant.mutable_smem()->set_shares(2);
  return tenant;
}

TEST_F(QosServiceTest, ATenantThatOnlyAGrantNamesIsShownWithIt) {
  v1::SetGrantsRequest request;
  v1::Grant& grant = *request.add_grants();
  grant.set_vm("vms/99999999-9999-4999-8999-999999999999");
  grant.set_tenant("newcomer");
  grant.set_fmem_bytes(kGiB);
  v1::SetGrantsResponse done;
  grpc::ClientContext call;
  ASSERT_TRUE(stub_->SetGrants(&call, request, &done).ok());
  v1::GetTenantRequest get;
  get.set_name("tenants/newcomer");
  v1::GetTenantResponse shown;
  grpc::ClientContext again;
  ASSERT_TRUE(stub_->GetTenant(&again, get, &shown).ok());
  EXPECT_EQ(shown.tenant().vms(), 0u);
  EXPECT_EQ(shown.tenant().tiers(0).vms_reservation_bytes(), kGiB);
}

TEST_F(QosServiceTest, ATenantIsCreatedShownChangedByMaskAndDeleted) {
  v1::Tenant made;
  ASSERT_TRUE(Create(Acme(), made).ok());
  EXPECT_EQ(made.display_name(), "Acme Ltd");
  EXPECT_EQ(made.fmem().reservation().percent(), 25);
  EXPECT_FALSE(made.smem().has_limit());
  EXPECT_EQ(made.vms(), 1u);
  ASSERT_EQ(made.tiers_size(), 2);
  EXPECT_EQ(made.tiers(0).reservation_bytes(), 2 * kGiB);
  EXPECT_EQ(made.tiers(0).limit_bytes(), 6 * kGiB);
  EXPECT_EQ(made.tiers(0).vms_reservation_bytes(), 4 * kGiB) << "nobody can take its target back";
  EXPECT_FALSE(made.tiers(1).has_limit_bytes());
  v1::Tenant again;
  EXPECT_EQ(Create(Acme(), again).error_code(), grpc::StatusCode::ALREADY_EXISTS);

  v1::UpdateTenantRequest update;
  update.mutable_tenant()->set_name("tenants/acme");
  update.mutable_tenant()->set_etag(made.etag());
  update.mutable_tenant()->mutable_fmem()->mutable_limit()->set_percent(25);
  update.mutable_update_mask()->add_paths("fmem.limit");
  update.mutable_update_mask()->add_paths("smem");
  v1::UpdateTenantResponse updated;
  ASSERT_TRUE(Call(&v1::QosService::Stub::UpdateTenant, update, updated).ok());
  EXPECT_EQ(updated.tenant().fmem().limit().percent(), 25);
  EXPECT_EQ(updated.tenant().fmem().reservation().percent(), 25) << "not named";
  EXPECT_FALSE(updated.tenant().smem().has_shares()) << "named and absent";
  EXPECT_THAT(updated.tenant().problems(),
              ElementsAre("fmem: 4 GiB are reserved by the VMs of tenant acme, whose limit is 2 GiB"));
  const grpc::Status late = Call(&v1::QosService::Stub::UpdateTenant, update, updated);
  EXPECT_EQ(late.error_code(), grpc::StatusCode::ABORTED);
  update.mutable_update_mask()->add_paths("vms");
  const grpc::Status bad = Call(&v1::QosService::Stub::UpdateTenant, update, updated);
  EXPECT_EQ(bad.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(bad.error_message(), HasSubstr("update_mask: \"vms\" cannot be changed"));

  v1::DeleteTenantRequest remove;
  remove.set_name("tenants/acme");
  v1::DeleteTenantResponse removed;
  ASSERT_TRUE(Call(&v1::QosService::Stub::DeleteTenant, remove, removed).ok());
  EXPECT_EQ(Call(&v1::QosService::Stub::DeleteTenant, remove, removed).error_code(), grpc::StatusCode::NOT_FOUND);
  v1::GetTenantRequest get;
  get.set_name("tenants/acme");
  v1::GetTenantResponse shown;
  ASSERT_TRUE(Call(&v1::QosService::Stub::GetTenant, get, shown).ok()) << "a VM names it";
  EXPECT_EQ(shown.tenant().etag(), "");
  get.set_name("tenants/nobody");
  EXPECT_EQ(Call(&v1::QosService::Stub::GetTenant, get, shown).error_code(), grpc::StatusCode::NOT_FOUND);
}

// Nobody knows how much of each tier there is.
class UnknownHostTest : public QosServiceTest {
 protected:
  UnknownHostTest() : QosServiceTest(control::EngineOptions()) {}
};

TEST_F(UnknownHostTest, PercentagesComeToNothingAndNothingIsAdmittedOrPlanned) {
  v1::Tenant made;
  ASSERT_TRUE(Create(Acme(), made).ok());
  EXPECT_EQ(made.tiers(0).reservation_bytes(), 0u) << "25 % of what?";
  EXPECT_EQ(made.tiers(0).limit_bytes(), 6 * kGiB);
  EXPECT_THAT(made.problems(), IsEmpty());
  EXPECT_THAT(Host().tiers(), IsEmpty());
  EXPECT_NE(Host().reason(), "");
  v1::CheckAdmissionRequest request;
  v1::CheckAdmissionResponse response;
  EXPECT_EQ(Call(&v1::QosService::Stub::CheckAdmission, request, response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(QosServiceTest, TenantsComeInPages) {
  for (const char* name : {"tenants/a", "tenants/b", "tenants/z"}) {
    v1::Tenant tenant;
    tenant.set_name(name);
    ASSERT_TRUE(Create(tenant, tenant).ok());
  }
  v1::ListTenantsRequest request;
  request.set_page_size(3);
  v1::ListTenantsResponse page;
  std::vector<std::string> names;
  do {
    ASSERT_TRUE(Call(&v1::QosService::Stub::ListTenants, request, page).ok());
    for (const v1::Tenant& tenant : page.tenants()) names.push_back(tenant.name());
    request.set_page_token(page.next_page_token());
  } while (!page.next_page_token().empty());
  EXPECT_THAT(names, ElementsAre("tenants/a", "tenants/acme", "tenants/b", "tenants/z"));
}

TEST_F(QosServiceTest, NamesAndReasonsThatCannotBeAreRefused) {
  v1::Tenant made;
  for (const std::string& name : {std::string("tenants/"), std::string("tenants/a b"), std::string(200, 'a')}) {
    v1::Tenant tenant;
    tenant.set_name(name);
    const grpc::Status status = Create(tenant, made);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_THAT(status.error_message(), HasSubstr("tenant.name:"));
  }
  v1::DeleteTenantRequest remove;
  remove.set_name("tenants/acme");
  remove.set_reason(std::string(257, 'x'));
  v1::DeleteTenantResponse removed;
  EXPECT_THAT(Call(&v1::QosService::Stub::DeleteTenant, remove, removed).error_message(), HasSubstr("reason: 257"));
  remove.set_reason("two\nlines");
  EXPECT_THAT(Call(&v1::QosService::Stub::DeleteTenant, remove, removed).error_message(), HasSubstr("one line"));
  v1::SetMaintenanceRequest maintenance;
  maintenance.set_active(true);
  v1::SetMaintenanceResponse host;
  EXPECT_THAT(Call(&v1::QosService::Stub::SetMaintenance, maintenance, host).error_message(), HasSubstr("say why"));
}

TEST_F(QosServiceTest, APolicyIsEmptyUntilSomebodySaysSomething) {
  v1::GetVmPolicyRequest get;
  get.set_name("web1");
  v1::GetVmPolicyResponse got;
  ASSERT_TRUE(Call(&v1::QosService::Stub::GetVmPolicy, get, got).ok());
  EXPECT_EQ(got.policy().name(), "vms/" + std::string(kUuid) + "/policy");
  EXPECT_EQ(got.policy().etag(), "");
  EXPECT_EQ(got.policy().mode(), v1::POLICY_MODE_UNSPECIFIED);

  v1::UpdateVmPolicyRequest update;
  *update.mutable_policy() = got.policy();
  update.mutable_policy()->set_mode(v1::POLICY_MODE_AUTO);
  update.mutable_policy()->set_qos_class("gold");
  v1::UpdateVmPolicyResponse updated;
  ASSERT_TRUE(Call(&v1::QosService::Stub::UpdateVmPolicy, update, updated).ok());
  EXPECT_NE(updated.policy().etag(), "");
  get.set_name(got.policy().name());
  ASSERT_TRUE(Call(&v1::QosService::Stub::GetVmPolicy, get, got).ok());
  EXPECT_EQ(got.policy().SerializeAsString(), updated.policy().SerializeAsString());
  EXPECT_EQ(controller_.Snapshot()->vms.front()->mode, policy::Mode::kAuto);
  update.mutable_policy()->set_qos_class("platinum");
  update.mutable_policy()->clear_etag();
  const grpc::Status unknown = Call(&v1::QosService::Stub::UpdateVmPolicy, update, updated);
  EXPECT_EQ(unknown.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(unknown.error_message(), HasSubstr("[class.platinum]"));
}

TEST_F(QosServiceTest, AdmissionCountsWhatIsPromisedAndWhatCannotBeTakenBack) {
  v1::CheckAdmissionRequest request;
  request.set_tenant("globex");
  request.set_fmem_cell_bytes(8 * kGiB);
  request.set_smem_cell_bytes(8 * kGiB);
  request.mutable_policy()->set_mode(v1::POLICY_MODE_AUTO);
  request.mutable_policy()->set_qos_class("gold");
  v1::CheckAdmissionResponse response;
  ASSERT_TRUE(Call(&v1::QosService::Stub::CheckAdmission, request, response).ok());
  EXPECT_TRUE(response.admitted()) << response.ShortDebugString();
  EXPECT_EQ(response.unreserved_fmem_bytes(), 4 * kGiB);
  EXPECT_EQ(response.unreserved_smem_bytes(), 24 * kGiB);
  // Not a byte more.
  request.mutable_policy()->mutable_fmem()->mutable_reservation()->set_bytes(4 * kGiB + 4096);
  ASSERT_TRUE(Call(&v1::QosService::Stub::CheckAdmission, request, response).ok());
  EXPECT_FALSE(response.admitted());
  ASSERT_EQ(response.reasons_size(), 1);
  EXPECT_THAT(response.reasons(0), HasSubstr("are reserved on this host, which has 8 GiB"));
  // A VM that nobody plans keeps all that it boots with.
  request.mutable_policy()->Clear();
  ASSERT_TRUE(Call(&v1::QosService::Stub::CheckAdmission, request, response).ok());
  EXPECT_FALSE(response.admitted());
  request.mutable_policy()->mutable_fmem()->mutable_limit()->set_percent(50);
  ASSERT_TRUE(Call(&v1::QosService::Stub::CheckAdmission, request, response).ok());
  EXPECT_TRUE(response.admitted());
  request.mutable_policy()->set_qos_class("platinum");
  ASSERT_TRUE(Call(&v1::QosService::Stub::CheckAdmission, request, response).ok());
  EXPECT_FALSE(response.admitted()) << "a class that does not exist is nothing to be sold by";
  request.mutable_policy()->Clear();
  request.mutable_policy()->mutable_fmem()->mutable_reservation()->set_percent(-10);
  EXPECT_THAT(Call(&v1::QosService::Stub::CheckAdmission, request, response).error_message(),
              HasSubstr("fmem.reservation: -10 is no percentage"));
  request.mutable_policy()->Clear();
  request.set_tenant("tenants/not one");
  EXPECT_THAT(Call(&v1::QosService::Stub::CheckAdmission, request, response).error_message(), HasSubstr("tenant:"));
  request.set_tenant("tenants/globex");
  request.clear_fmem_cell_bytes();
  EXPECT_THAT(Call(&v1::QosService::Stub::CheckAdmission, request, response).error_message(),
              HasSubstr("fmem_cell_bytes:"));
}

TEST_F(QosServiceTest, TheHostShowsItsTiersAndItsMaintenance) {
  v1::Host host = Host();
  ASSERT_EQ(host.tiers_size(), 2);
  EXPECT_EQ(host.tiers(0).capacity_bytes(), 8 * kGiB);
  EXPECT_EQ(host.tiers(0).reservation_bytes(), 4 * kGiB);
  EXPECT_EQ(host.tiers(0).unreserved_bytes(), 4 * kGiB);
  EXPECT_EQ(host.tiers(0).charged_bytes(), 4 * kGiB);
  EXPECT_EQ(host.policy(), "proportional");
  EXPECT_THAT(host.qos_classes(), ElementsAre("gold"));
  EXPECT_THAT(host.problems(), IsEmpty());
  v1::SetMaintenanceRequest request;
  request.set_active(true);
  request.set_reason("new DIMMs");
  v1::SetMaintenanceResponse response;
  ASSERT_TRUE(Call(&v1::QosService::Stub::SetMaintenance, request, response).ok());
  EXPECT_EQ(response.host().maintenance().reason(), "new DIMMs");
  EXPECT_THAT(response.host().maintenance().actor(), HasSubstr("alice"));
  v1::CheckAdmissionRequest admission;
  admission.set_fmem_cell_bytes(kGiB);
  admission.set_smem_cell_bytes(kGiB);
  v1::CheckAdmissionResponse answer;
  ASSERT_TRUE(Call(&v1::QosService::Stub::CheckAdmission, admission, answer).ok());
  EXPECT_THAT(answer.reasons(), ElementsAre("the host is in maintenance: new DIMMs"));
  request.Clear();
  ASSERT_TRUE(Call(&v1::QosService::Stub::SetMaintenance, request, response).ok());
  EXPECT_FALSE(Host().has_maintenance());
  // More promised than there is.
  v1::Tenant tenant;
  tenant.set_name("tenants/greedy");
  tenant.mutable_fmem()->mutable_reservation()->set_bytes(6 * kGiB);
  ASSERT_TRUE(Create(tenant, tenant).ok());
  host = Host();
  EXPECT_THAT(host.problems(), ElementsAre("fmem: 10 GiB are reserved on this host, which has 8 GiB"));
  EXPECT_EQ(host.tiers(0).unreserved_bytes(), 0u);
}

TEST_F(QosServiceTest, GrantsCountAsReservedAndAreExplained) {
  const std::uint64_t before = Host().tiers(0).reservation_bytes();
  v1::SetGrantsRequest request;
  v1::SetGrantsResponse response;
  v1::Grant& grant = *request.add_grants();
  grant.set_vm("vms/33333333-3333-4333-8333-33333333333A");
  grant.set_tenant("bob");
  grant.set_fmem_bytes(kGiB);
  ASSERT_TRUE(Call(&v1::QosService::Stub::SetGrants, request, response).ok());
  EXPECT_EQ(Host().tiers(0).reservation_bytes(), before + kGiB);
  EXPECT_TRUE(ledger_.grants.contains("33333333-3333-4333-8333-33333333333a"));
  EXPECT_EQ(ledger_.audit.back().action, "grants.set");
  for (const auto& [vm, tenant, field] :
       {std::tuple{"web1", "bob", "grants.vm"}, {"", "bob", "grants.vm"}, {kUuid, "b/b", "grants.tenant"}}) {
    v1::SetGrantsRequest bad = request;
    v1::Grant& other = *bad.add_grants();
    other.set_vm(vm);
    other.set_tenant(tenant);
    const grpc::Status status = Call(&v1::QosService::Stub::SetGrants, bad, response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << vm;
    EXPECT_THAT(status.error_message(), HasSubstr(field));
  }
  EXPECT_EQ(ledger_.grants.size(), 1u);
}

TEST_F(QosServiceTest, AHostWithoutLibvirtSaysSo) {
  EXPECT_EQ(Host().disconnected(), "");
  controller_.OnDisconnected("connection reset");
  while (controller_.Snapshot()->connected) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(Host().disconnected(), "connection reset");
}

TEST_F(QosServiceTest, APlanIsPreviewedAndExplained) {
  v1::PlanPreviewRequest request;
  v1::VmPolicy& policy = *request.add_policies();
  policy.set_name("web1");
  policy.set_mode(v1::POLICY_MODE_AUTO);
  request.set_include_unchanged(true);
  v1::PlanPreviewResponse preview;
  ASSERT_TRUE(Call(&v1::QosService::Stub::PlanPreview, request, preview).ok());
  ASSERT_EQ(preview.vms_size(), 1);
  EXPECT_EQ(preview.vms(0).display_name(), "web1");
  EXPECT_EQ(preview.vms(0).tenant(), "acme");
  ASSERT_EQ(preview.vms(0).tiers_size(), 2);
  EXPECT_EQ(preview.vms(0).tiers(0).target_bytes(), 4 * kGiB);
  EXPECT_NE(preview.vms(0).tiers(0).reason(), "");
  policy.mutable_fmem()->set_shares(-1);
  EXPECT_THAT(Call(&v1::QosService::Stub::PlanPreview, request, preview).error_message(), HasSubstr("fmem.shares"));
  v1::ExplainVmRequest explain;
  explain.set_name("web1");
  v1::ExplainVmResponse why;
  ASSERT_TRUE(Call(&v1::QosService::Stub::ExplainVm, explain, why).ok());
  EXPECT_THAT(why.sentences(), ::testing::Contains(HasSubstr("limit 4 GiB (its cell)")));
  EXPECT_EQ(why.vm().display_name(), "web1");
}

TEST_F(QosServiceTest, TheAuditLogIsReadInPagesAndBySubject) {
  v1::Tenant made;
  for (const char* name : {"tenants/a", "tenants/b", "tenants/c"}) {
    made.Clear();
    made.set_name(name);
    ASSERT_TRUE(Create(made, made).ok());
  }
  v1::ListAuditRecordsRequest request;
  request.set_page_size(2);
  v1::ListAuditRecordsResponse page;
  ASSERT_TRUE(Call(&v1::QosService::Stub::ListAuditRecords, request, page).ok());
  ASSERT_THAT(page.records(), SizeIs(2));
  EXPECT_EQ(page.records(0).subject(), "tenants/c");
  EXPECT_EQ(page.records(0).action(), "tenant.create");
  EXPECT_THAT(page.records(0).actor(), HasSubstr("unix:"));
  EXPECT_THAT(page.records(0).actor(), HasSubstr("alice"));
  EXPECT_EQ(page.records(0).detail(), "nothing; reason: ticket 7");
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(Call(&v1::QosService::Stub::ListAuditRecords, request, page).ok());
  ASSERT_THAT(page.records(), SizeIs(1));
  EXPECT_EQ(page.records(0).subject(), "tenants/a");
  EXPECT_EQ(page.next_page_token(), "");
  request.set_page_token("YXVkaXQ6anVuaw");
  EXPECT_EQ(Call(&v1::QosService::Stub::ListAuditRecords, request, page).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.Clear();
  request.set_subject("tenants/b");
  ASSERT_TRUE(Call(&v1::QosService::Stub::ListAuditRecords, request, page).ok());
  EXPECT_THAT(page.records(), SizeIs(1));
}

}  // namespace
}  // namespace hypertier::api
