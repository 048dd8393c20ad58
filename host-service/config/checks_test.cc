// SPDX-License-Identifier: Apache-2.0
#include "host-service/config/checks.h"

#include <gmock/gmock.h>

#include "common/text.h"

namespace hypertier::config {
namespace {

using ::testing::HasSubstr;

TEST(CheckGrpcAddress, TakesUnixSocketsAndLoopback) {
  for (const char* text : {"unix:/run/h.sock", "127.0.0.1:1", "127.9.9.9:65535", "localhost:9840", "[::1]:9840"}) {
    EXPECT_TRUE(CheckGrpcAddress(text).ok()) << text << CheckGrpcAddress(text);
  }
}

TEST(CheckGrpcAddress, RefusesWhatOtherHostsCouldReachBecauseThereIsNoTls) {
  for (const char* text : {"0.0.0.0:9840", "[::]:9840", "10.0.0.1:9840", "example.org:9840", "[::ffff:10.0.0.1]:1"}) {
    const absl::Status status = CheckGrpcAddress(text);
    ASSERT_FALSE(status.ok()) << text;
    EXPECT_THAT(ToString(status.message()), HasSubstr("TLS")) << text;
  }
}

TEST(CheckGrpcAddress, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "unix:", "unix:relative", "9840", ":9840", "host:", "host:0", "host:65536", "host:-1",
                           "::1:9840", "[::1]", "[x]:1", "a b:1", "http://host:1"}) {
    EXPECT_FALSE(CheckGrpcAddress(text).ok()) << text;
  }
  EXPECT_TRUE(CheckGrpcAddress("unix:/" + std::string(106, 'x')).ok());
  EXPECT_FALSE(CheckGrpcAddress("unix:/" + std::string(107, 'x')).ok()) << "longer than a socket address holds";
}

TEST(CheckMetricsAddress, TakesAnyAddressOrNone) {
  for (const char* text : {"", "0.0.0.0:9841", "[::]:9841", "127.0.0.1:9841"})
    EXPECT_TRUE(CheckMetricsAddress(text).ok()) << text;
  EXPECT_FALSE(CheckMetricsAddress("9841").ok());
}

TEST(ParseMode, ReadsOctalPermissionsOnly) {
  EXPECT_EQ(ParseMode("0660"), 0660U);
  EXPECT_EQ(ParseMode("777"), 0777U);
  for (const char* text : {"", "0680", "1777", "-1", "0x1", "660 "}) EXPECT_FALSE(ParseMode(text).has_value()) << text;
}

TEST(EditDistance, CountsSingleCharacterEdits) {
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("same", "same"), 0U);
}

}  // namespace
}  // namespace hypertier::config
