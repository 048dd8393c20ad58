// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/curve.h"

#include <gtest/gtest.h>

namespace hypertier::qos {
namespace {

// A tenth of 10 GiB takes half of the accesses.
const std::vector<CurvePoint> kCurve{{Bytes::GiB(1), 0.5}, {Bytes::GiB(10), 0.95}};

TEST(ShareServed, GrowsEvenlyBetweenPointsAndNotBeyondTheLast) {
  EXPECT_EQ(ShareServed(kCurve, Bytes()), 0);
  EXPECT_DOUBLE_EQ(ShareServed(kCurve, Bytes::MiB(512)), 0.25);
  EXPECT_DOUBLE_EQ(ShareServed(kCurve, Bytes::GiB(4)), 0.65);
  EXPECT_DOUBLE_EQ(ShareServed(kCurve, Bytes::GiB(100)), 0.95);
  EXPECT_EQ(ShareServed({}, Bytes::GiB(1)), 0);
  EXPECT_EQ(ShareServed({{Bytes(), 1.0}}, Bytes::GiB(1)), 0) << "of nothing";
}

TEST(FmemServing, IsTheOtherWayRound) {
  EXPECT_EQ(FmemServing(kCurve, 0), Bytes());
  EXPECT_EQ(FmemServing(kCurve, 0.25), Bytes::MiB(512));
  EXPECT_EQ(FmemServing(kCurve, 0.5), Bytes::GiB(1));
  EXPECT_EQ(FmemServing(kCurve, 0.99), Bytes::GiB(10)) << "more than it knows of";
  EXPECT_EQ(FmemServing({}, 0.98), Bytes());
}

}  // namespace
}  // namespace hypertier::qos
