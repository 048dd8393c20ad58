// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/site.h"

#include <gmock/gmock.h>

#include "host-service/web/fleet_fixture.h"

namespace hypertier::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class SiteTest : public ::testing::Test {
 protected:
  Answer Get(std::string_view path, std::string_view etag = {}, std::string_view method = "GET") {
    return site_.Get({.method = method, .path = path, .host = "localhost:9842", .if_none_match = etag});
  }
  void Publish(std::uint64_t version) {
    control::FleetSnapshot fleet = FleetOf({TwoTierVm("u1", "one", Bytes::MiB(100), Bytes::MiB(40))});
    fleet.version = version;
    source_.Publish(std::move(fleet));
  }

  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  FakeSource source_{FleetOf({TwoTierVm("u1", "one", Bytes::MiB(100), Bytes::MiB(40))})};
  Timelines lines_;
  Site site_{{.version = "1.2.3", .host_name = "node1", .listen_host = "node1", .clock = [this] { return now_; }},
             &source_,
             &lines_};
};

TEST_F(SiteTest, ServesThePageAndItsFiles) {
  const Answer page = Get("/");
  EXPECT_EQ(page.status, 200U);
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(std::string(page.body), HasSubstr("<!doctype html>"));
  EXPECT_EQ(Get("/index.html").body, page.body);
  EXPECT_EQ(Get("/app.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(Get("/style.css").content_type, "text/css; charset=utf-8");
  EXPECT_EQ(Get("/", page.etag).status, 304U);
  EXPECT_EQ(Get("/app.js", page.etag).status, 200U);
}

TEST_F(SiteTest, ServesStatusHostAndVms) {
  for (const char* path : {"/api/v1/status", "/api/v1/host", "/api/v1/vms/u1", "/api/v1/vms/U1"}) {
    const Answer answer = Get(path);
    EXPECT_EQ(answer.status, 200U) << path;
    EXPECT_EQ(answer.content_type, "application/json") << path;
    EXPECT_EQ(answer.cache_control, "no-store") << path;
    EXPECT_THAT(std::string(answer.body), StartsWith(R"({"version":"1.2.3")")) << path;
  }
}

TEST_F(SiteTest, SaysWhatIsNotThere) {
  for (const char* path :
       {"/x", "/../etc/passwd", "/api/v1/vms/", "/api/v1/vms/u2", "/api/v2/status", "/api/v1/status/"}) {
    EXPECT_EQ(Get(path).status, 404U) << path;
    EXPECT_THAT(std::string(Get(path).body), StartsWith(R"({"error":")")) << path;
  }
}

TEST_F(SiteTest, IsForReadingOnly) {
  EXPECT_EQ(Get("/", {}, "HEAD").status, 200U);
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get"}) {
    EXPECT_EQ(Get("/api/v1/status", {}, method).status, 405U) << method;
  }
}

TEST_F(SiteTest, AnswersNobodyWhoMeansAnotherHost) {
  EXPECT_EQ(site_.Get({.method = "GET", .path = "/api/v1/status", .host = "evil.example", .if_none_match = {}}).status,
            421U);
  EXPECT_EQ(site_.Get({.method = "GET", .path = "/", .host = "", .if_none_match = {}}).status, 421U);
  EXPECT_EQ(site_.Get({.method = "GET", .path = "/", .host = "NODE1:1", .if_none_match = {}}).status, 200U);
}

TEST_F(SiteTest, AnEtagLastsAsLongAsTheSnapshot) {
  for (const char* path : {"/api/v1/status", "/api/v1/host", "/api/v1/vms/u1"}) {
    Publish(10);
    now_ += absl::Seconds(1);
    const std::string etag = Get(path).etag;
    ASSERT_FALSE(etag.empty());
    EXPECT_EQ(Get(path, etag).status, 304U) << path;
    EXPECT_EQ(Get(path, "\"other\", W/" + etag).status, 304U) << path;
    Publish(11);
    now_ += absl::Seconds(1);
    EXPECT_EQ(Get(path, etag).status, 200U) << path;
  }
}

TEST_F(SiteTest, ANewSampleIsNewsOfAVm) {
  const std::string etag = Get("/api/v1/vms/u1").etag;
  lines_.Take(*source_.Snapshot(), now_);
  EXPECT_EQ(Get("/api/v1/vms/u1", etag).status, 200U);
}

TEST_F(SiteTest, AStatusIsMadeAtMostTwiceASecond) {
  const Answer first = Get("/api/v1/status");
  Publish(8);
  now_ += absl::Milliseconds(499);
  EXPECT_EQ(Get("/api/v1/status").owner, first.owner);
  now_ += absl::Milliseconds(1);
  const Answer second = Get("/api/v1/status");
  EXPECT_NE(second.owner, first.owner);
  EXPECT_NE(second.etag, first.etag);
  // A clock that is set back does not stop the news.
  Publish(9);
  now_ -= absl::Hours(1);
  EXPECT_NE(Get("/api/v1/status").owner, second.owner);
}

TEST_F(SiteTest, SlowReadersHoldNoMoreThanAFewStatuses) {
  std::vector<Answer> slow;
  std::uint64_t version = 100;
  const auto next = [&] {
    Publish(++version);
    now_ += absl::Seconds(1);
    return Get("/api/v1/status");
  };
  for (int i = 0; i < 100; ++i) {
    Answer answer = next();
    if (answer.status != 200) break;
    slow.push_back(std::move(answer));
  }
  EXPECT_EQ(slow.size(), 5U);
  EXPECT_EQ(next().status, 503U);
  slow.erase(slow.begin());
  EXPECT_EQ(next().status, 200U);
}

}  // namespace
}  // namespace hypertier::web
