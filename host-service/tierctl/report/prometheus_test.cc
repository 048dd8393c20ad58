// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/text.h"
#include "host-service/tierctl/report/http.h"
#include "host-service/tierctl/report/test_server.h"

namespace hypertier::tierctl::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Span kSpan{.from = 1000, .to = 1060, .step = 15};

std::string Message(const absl::Status& status) {
  return ToString(status.message());
}

TEST(PrometheusQuery, LabelValuesCannotEndTheirString) {
  EXPECT_EQ(Select("m", {}), "m{}");
  EXPECT_EQ(Select("m", {{"a", "x"}, {"b", "\"} or up{c=\""}}), "m{a=\"x\",b=\"\\\"} or up{c=\\\"\"}");
  EXPECT_EQ(Select("m", {{"a", "\\\n"}}), "m{a=\"\\\\\\n\"}");
  EXPECT_EQ(UrlEncode("a b&c=\"ü\"+%"), "a%20b%26c%3D%22%C3%BC%22%2B%25");
}

TEST(PrometheusAnswer, ValuesComeToTheirPointsAndTheRestIsGaps) {
  const auto series =
      ParseRange(R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"tier":"fmem"},"values":)"
                 R"([[1000,"1"],[1030.001,"2.5"],[1045,"NaN"],[1060,"+Inf"],[99999,"7"]]}]}})",
                 kSpan);
  ASSERT_TRUE(series.ok()) << series.status();
  ASSERT_EQ(series->size(), 1U);
  EXPECT_EQ(series->at(0).labels.at("tier"), "fmem");
  const Values& values = series->at(0).values;
  ASSERT_EQ(values.size(), 5U);
  EXPECT_EQ(values[0], 1);
  EXPECT_TRUE(std::isnan(values[1]));
  EXPECT_EQ(values[2], 2.5);
  EXPECT_TRUE(std::isnan(values[3]));
  EXPECT_TRUE(std::isnan(values[4]));
}

TEST(PrometheusAnswer, WhatIsNoAnswerIsAnErrorAndNeverACrash) {
  for (const char* body :
       {"", "<html>", "[]", "null", "{}", R"({"status":1})", R"({"status":"success"})",
        R"({"status":"success","data":[]})", R"({"status":"success","data":{"resultType":"scalar","result":[1,"1"]}})",
        R"({"status":"success","data":{"resultType":"matrix","result":{}}})",
        R"({"status":"success","data":{"resultType":"matrix","result":[1]}})",
        R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":1},"values":[]}]}})",
        R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{}}]}})",
        R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[["1","1"]]}]}})",
        R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,1]]}]}})"}) {
    EXPECT_FALSE(ParseRange(body, kSpan).ok()) << body;
    EXPECT_FALSE(ParseInstant(body).ok()) << body;
  }
}

TEST(PrometheusUrl, WhatIsNoAddressIsSaidWithTheFlag) {
  for (const char* url :
       {"", "localhost:9090", "ftp://x", "file:///etc/passwd", "http://", "http://x?y", "http://a b"}) {
    const auto prometheus = Prometheus::At(url);
    ASSERT_FALSE(prometheus.ok()) << url;
    EXPECT_THAT(Message(prometheus.status()), HasSubstr("--prometheus")) << url;
  }
  EXPECT_EQ(Prometheus::At("https://me:secret@host/prom/")->shown(), "https://host/prom");
  EXPECT_THAT(Message(Prometheus::At("me:secret@host").status()), Not(HasSubstr("secret")));
}

absl::Status Ask(const std::string& url) {
  return Prometheus::At(url)->Range("up", kSpan).status();
}

TEST(PrometheusServer, AsksForTheQueryAndTheSpan) {
  std::string asked;
  TestServer server([&](const std::string& path) {
    asked = path;
    return TestServer::Answer(R"({"status":"success","data":{"resultType":"matrix","result":[]}})");
  });
  const auto series = Prometheus::At(server.url() + "/")->Range("sum(up{a=\"b c\"})", kSpan);
  ASSERT_TRUE(series.ok()) << series.status();
  EXPECT_EQ(asked, "/api/v1/query_range?query=sum(up{a=\"b c\"})&start=1000&end=1060&step=15");
}

TEST(PrometheusServer, NobodyThereIsUnavailableAndSaysWhatToDo) {
  std::string url;
  {
    url = TestServer([](const std::string&) { return std::string(); }).url();
  }
  const absl::Status status = Ask(url);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(status), HasSubstr(url));
  EXPECT_THAT(Message(status), HasSubstr("is --prometheus right?"));
}

TEST(PrometheusServer, AnotherServerIsNoPrometheus) {
  const TestServer server([](const std::string&) { return TestServer::Answer("<html>\x1b[2J", "404 Not Found"); });
  const absl::Status status = Ask(server.url());
  EXPECT_THAT(Message(status), HasSubstr("is no Prometheus"));
  EXPECT_THAT(Message(status), HasSubstr("--prometheus"));
  EXPECT_THAT(Message(status), Not(HasSubstr("\x1b")));
}

TEST(PrometheusServer, ItsOwnErrorsAreShown) {
  const TestServer server([](const std::string&) {
    return TestServer::Answer(R"({"status":"error","errorType":"bad_data","error":"too many points"})",
                              "400 Bad Request");
  });
  EXPECT_THAT(Message(Ask(server.url())), HasSubstr("bad_data: too many points"));
}

TEST(PrometheusServer, ARedirectIsNotFollowed) {
  int asked = 0;
  TestServer server([&](const std::string&) {
    ++asked;
    return TestServer::Answer("", "302 Found", "Location: file:///etc/passwd\r\n");
  });
  EXPECT_THAT(Message(Ask(server.url())), HasSubstr("sends us on to file:///etc/passwd"));
  EXPECT_EQ(asked, 1);
}

TEST(PrometheusServer, ALockedDoorSaysHowToOpenIt) {
  const TestServer server([](const std::string&) { return TestServer::Answer("", "401 Unauthorized"); });
  EXPECT_THAT(Message(Ask(server.url())), HasSubstr("USER:PASSWORD"));
}

TEST(PrometheusServer, AnAnswerWithoutEndIsCutOff) {
  const TestServer server([](const std::string&) { return TestServer::Answer(std::string((64UL << 20) + 1, ' ')); });
  EXPECT_THAT(Message(Ask(server.url())), HasSubstr("larger than 64 MiB: ask for less with --last"));
}

}  // namespace
}  // namespace hypertier::tierctl::report
