// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hypertier::web {
namespace {

std::string Quoted(std::string_view text) {
  JsonWriter json;
  json.Value(text);
  return std::move(json).Take();
}

TEST(JsonTest, PutsCommasBetweenAndNowhereElse) {
  JsonWriter json;
  json.BeginObject().Field("a", std::uint64_t{1}).Key("b").BeginArray().Value(true).Value(false).Null().EndArray();
  json.Key("c").BeginObject().EndObject().Key("d").BeginArray().BeginObject().EndObject().BeginArray().EndArray();
  json.EndArray().Field("e", "x").EndObject();
  EXPECT_EQ(std::move(json).Take(), R"({"a":1,"b":[true,false,null],"c":{},"d":[{},[]],"e":"x"})");
}

TEST(JsonTest, EscapesWhatIsNoPlainText) {
  EXPECT_EQ(Quoted("a\"b\\c\n\t"), R"("a\"b\\c\u000a\u0009")");
  EXPECT_EQ(Quoted(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(Quoted("</script><img src=x onerror=alert(1)>&"),
            R"("\u003c/script\u003e\u003cimg src=x onerror=alert(1)\u003e\u0026")");
  EXPECT_EQ(Quoted("\u2028\u2029"), R"("\u2028\u2029")");
  EXPECT_EQ(Quoted("grün 🐘"), "\"grün 🐘\"");
}

TEST(JsonTest, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(Quoted("a\xff"
                   "b"),
            "\"a\\ufffdb\"");
  // Cut off, overlong, a surrogate, beyond Unicode: a mark for each byte.
  EXPECT_EQ(Quoted("\xe2\x82"), "\"\\ufffd\\ufffd\"");
  EXPECT_EQ(Quoted("\xc0\xbc"), "\"\\ufffd\\ufffd\"");
  EXPECT_EQ(Quoted("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
  EXPECT_EQ(Quoted("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

TEST(JsonTest, WritesNumbersExactlyAndNullForWhatIsNone) {
  JsonWriter json;
  json.BeginArray()
      .Value(Bytes::Max())
      .Value(std::int64_t{-5})
      .Value(0.1)
      .Value(std::nan(""))
      .Value(std::numeric_limits<double>::infinity())
      .Value(std::optional<Bytes>())
      .Value(std::optional(Bytes::KiB(4)))
      .Value(absl::InfinitePast())
      .Value(absl::FromUnixMillis(1'800'000'000'250))
      .EndArray();
  EXPECT_EQ(std::move(json).Take(),
            R"([18446744073709551615,-5,0.1,null,null,null,4096,null,"2027-01-15T08:00:00.250Z"])");
}

}  // namespace
}  // namespace hypertier::web
