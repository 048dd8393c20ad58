// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/host_check.h"

#include <gtest/gtest.h>

namespace hypertier::web {
namespace {

TEST(HostCheckTest, TakesAddressesLocalhostAndTheConfiguredHost) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:9842", "192.0.2.7:80", "[::1]:9842", "[::1]", "localhost",
                           "LOCALHOST:9842", "node1.example", "Node1.Example:9842"}) {
    EXPECT_TRUE(MayBeOurs(host, "node1.example")) << host;
  }
}

TEST(HostCheckTest, RefusesNamesThatAnybodyMayHaveLeadHere) {
  for (const char* host : {"", ":9842", "evil.example", "evil.example:9842", "127.0.0.1.evil.example", "localhost.evil",
                           "[::1", "[evil.example]:9842", "node1.example.evil", "127.0.0.1@evil.example"}) {
    EXPECT_FALSE(MayBeOurs(host, "node1.example")) << host;
  }
}

}  // namespace
}  // namespace hypertier::web
