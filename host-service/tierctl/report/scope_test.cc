// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/text.h"
#include "host-service/tierctl/report/gather.h"
#include "host-service/tierctl/report/html.h"
#include "host-service/tierctl/report/test_server.h"

namespace hypertier::tierctl::report {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Span kHour{.from = 1'700'000'000, .to = 1'700'003'600, .step = 15};

// Answers queries that hold a text with these label sets, each with value 1; all others with nothing.
class ScopeTest : public ::testing::Test {
 protected:
  void Knows(const std::string& metric, std::vector<json> labels) { known_.emplace_back(metric, std::move(labels)); }

  absl::StatusOr<Scope> Find(Kind kind, const std::string& name, const std::string& instance = "") {
    return FindScope(prometheus_, kind, name, instance, kHour);
  }
  std::string Complaint(Kind kind, const std::string& name, const std::string& instance = "") {
    return ToString(Find(kind, name, instance).status().message());
  }

  std::string Answer(const std::string& path) const {
    const bool range = path.starts_with("/api/v1/query_range");
    json result = json::array();
    for (const auto& [metric, all] : known_) {
      if (path.find(metric) == std::string::npos) continue;
      for (const json& labels : all) {
        json series = {{"metric", labels}};
        if (range) {
          series["values"] = {{kHour.from, "1048576"}, {kHour.to, "1048576"}};
        } else {
          series["value"] = {kHour.to, "1"};
        }
        result.push_back(series);
      }
      break;
    }
    return TestServer::Answer(
        json{{"status", "success"}, {"data", {{"resultType", range ? "matrix" : "vector"}, {"result", result}}}}
            .dump());
  }

  std::vector<std::pair<std::string, std::vector<json>>> known_;
  TestServer server_{[this](const std::string& path) { return Answer(path); }};
  Prometheus prometheus_ = *Prometheus::At(server_.url());
};

TEST_F(ScopeTest, OneHostNeedsNoName) {
  Knows("hypertier_build_info", {{{"instance", "a:9841"}}});
  const auto scope = Find(Kind::kHost, "");
  ASSERT_TRUE(scope.ok()) << scope.status();
  EXPECT_EQ(scope->instance, "a:9841");
}

TEST_F(ScopeTest, SeveralHostsAreListedWithTheFlag) {
  Knows("hypertier_build_info", {{{"instance", "a:9841"}}, {{"instance", "b:9841"}}});
  EXPECT_THAT(Complaint(Kind::kHost, ""), AllOf(HasSubstr("--instance"), HasSubstr("a:9841, b:9841")));
  EXPECT_EQ(Find(Kind::kHost, "", "b:9841")->instance, "b:9841");
  EXPECT_THAT(Complaint(Kind::kHost, "", "c"), AllOf(HasSubstr("\"c\""), HasSubstr("a:9841, b:9841")));
}

TEST_F(ScopeTest, WithoutHypertierdItSaysThatNoneIsScraped) {
  EXPECT_EQ(Find(Kind::kHost, "").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Complaint(Kind::kHost, ""), HasSubstr("has seen no hypertierd in the last hour"));
}

TEST_F(ScopeTest, AVmIsFoundByNameAndByUuid) {
  Knows("hypertier_build_info", {{{"instance", "a"}}});
  Knows("hypertier_vm_info", {{{"instance", "a"}, {"vm", "u-1"}, {"name", "web1"}, {"tenant", "acme"}},
                              {{"instance", "a"}, {"vm", "u-2"}, {"name", "web2"}, {"tenant", ""}}});
  for (const char* name : {"web1", "u-1", "vms/u-1"}) {
    const auto scope = Find(Kind::kVm, name);
    ASSERT_TRUE(scope.ok()) << scope.status();
    EXPECT_EQ(scope->vm, "u-1");
    EXPECT_EQ(scope->name, "web1");
    EXPECT_EQ(scope->tenant, "acme");
  }
  EXPECT_THAT(Complaint(Kind::kVm, "web3"), AllOf(HasSubstr("no VM \"web3\""), HasSubstr("there are: web1, web2")));
}

TEST_F(ScopeTest, ANameThatWasGivenTwiceIsToBeNamedByUuid) {
  Knows("hypertier_build_info", {{{"instance", "a"}}});
  Knows("hypertier_vm_info",
        {{{"instance", "a"}, {"vm", "u-1"}, {"name", "web1"}}, {{"instance", "a"}, {"vm", "u-2"}, {"name", "web1"}}});
  EXPECT_THAT(Complaint(Kind::kVm, "web1"), HasSubstr("by its UUID: u-1, u-2"));
}

TEST_F(ScopeTest, ATenantOnTwoHostsIsOneReportEach) {
  Knows("hypertier_build_info", {{{"instance", "a"}}, {{"instance", "b"}}});
  Knows("hypertier_tenant_vms", {{{"instance", "a"}, {"tenant", "acme"}}, {{"instance", "b"}, {"tenant", "acme"}}});
  EXPECT_THAT(Complaint(Kind::kTenant, "tenants/acme"), AllOf(HasSubstr("--instance"), HasSubstr("a, b")));
}

TEST_F(ScopeTest, WithoutSeriesOfVmsItSaysWhy) {
  Knows("hypertier_build_info", {{{"instance", "a"}}});
  EXPECT_THAT(Complaint(Kind::kVm, "web1"), HasSubstr("metrics.per_vm"));
}

TEST_F(ScopeTest, WhatPrometheusDoesNotKnowIsLeftOut) {
  Knows("hypertier_build_info", {{{"instance", "a"}}});
  Knows("hypertier_host_tier_target_bytes", {{{"tier", "fmem"}}});
  const auto document = Gather(prometheus_, *Find(Kind::kHost, ""), kHour);
  ASSERT_TRUE(document.ok()) << document.status();
  ASSERT_EQ(document->charts.size(), 1U);
  EXPECT_EQ(document->charts[0].title, "FMEM");
  ASSERT_EQ(document->charts[0].lines.size(), 1U);
  EXPECT_EQ(document->charts[0].lines[0].label, "target");
  ASSERT_EQ(document->tables.size(), 1U);
  EXPECT_THAT(document->tables[0].rows,
              ::testing::ElementsAre(::testing::ElementsAre("FMEM target", "1 MiB", "1 MiB", "1 MiB", "1 MiB")));
}

TEST_F(ScopeTest, NamesOfTenantsCannotChangeAQuery) {
  const std::string hostile = "x\"} or vector(1) or up{a=\"\\";
  Scope scope{.kind = Kind::kTenant, .instance = "a", .name = hostile, .vm = {}, .tenant = {}};
  EXPECT_EQ(scope.Of("m", {{"tenant", hostile}}), "m{tenant=\"x\\\"} or vector(1) or up{a=\\\"\\\\\",instance=\"a\"}");
}

}  // namespace
}  // namespace hypertier::tierctl::report
