// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/tierctl/report/prometheus.h"

namespace hypertier::tierctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

TEST(ParseAnswer, ReadsSeriesAndLeavesOutWhatIsNoNumber) {
  const auto all = ParseAnswer(R"({"status":"success","data":{"resultType":"matrix","result":[
      {"metric":{"__name__":"up","tier":"fmem"},"values":[[1700000000,"1"],[1700000015.5,"NaN"],[1700000030,"2.5e9"]]},
      {"metric":{},"values":[[1700000000,"+Inf"],[1700000015],["x"],7]}]}})");
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_THAT(*all, SizeIs(1));
  EXPECT_THAT((*all)[0].labels, UnorderedElementsAre(Pair("__name__", "up"), Pair("tier", "fmem")));
  EXPECT_THAT((*all)[0].samples, ElementsAre(Sample{absl::FromUnixSeconds(1'700'000'000), 1},
                                             Sample{absl::FromUnixSeconds(1'700'000'030), 2.5e9}));
}

TEST(ParseAnswer, TellsARefusalFromWhatIsNoAnswer) {
  const auto refused = ParseAnswer(R"({"status":"error","errorType":"bad_data","error":"parse error"})");
  EXPECT_EQ(refused.status(), absl::InvalidArgumentError("parse error"));
  for (const char* none : {"", "<html>", "[]", "{}", R"({"status":3})"}) {
    EXPECT_TRUE(absl::IsInternal(ParseAnswer(none).status())) << none;
  }
}

TEST(Quoted, KeepsAStringAString) {
  EXPECT_EQ(Quoted("web-1"), "\"web-1\"");
  EXPECT_EQ(Quoted("a\"} or \\up\n"), R"("a\"} or \\up\n")");
}

TEST(MakeReport, SaysThatNobodyAnswersAndWhatToDo) {
  const ReportOptions options{
      .subject = Subject::kVm, .name = "web-1", .prometheus = "http://127.0.0.1:1", .last = absl::Hours(1)};
  const auto report = MakeReport(options, absl::Now(), absl::UTCTimeZone());
  EXPECT_TRUE(absl::IsUnavailable(report.status()));
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("--prometheus URL"));
  ReportOptions file = options;
  file.prometheus = "file:///etc";
  EXPECT_TRUE(absl::IsUnavailable(MakeReport(file, absl::Now(), absl::UTCTimeZone()).status()));
}

}  // namespace
}  // namespace hypertier::tierctl
