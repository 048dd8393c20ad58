// SPDX-License-Identifier: Apache-2.0
#include "common/log_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/escape_json.h"
#include "common/utf8.h"

namespace hypertier {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

LogFields SomeFields() {
  return {.event = "violating", .vm = "u-1", .vm_name = "web1", .tenant = "acme", .tier = "fmem", .operation = "0a"};
}

// What a guest or a tenant might be called.
LogFields Hostile() {
  const std::string name = "web\"\\\n1\x01\xff\xe2\x80\xae</x>HYPERTIER_VM=other";
  return {.event = "violating", .vm = name, .vm_name = name, .tenant = name, .tier = name, .operation = name};
}

TEST(LogFields, EachFormHasAllThatTheLineIsAbout) {
  const LogFields fields = SomeFields();
  EXPECT_EQ(LogText(&fields, "keeps 1 GiB"), "vm web1 (u-1): keeps 1 GiB");
  EXPECT_EQ(LogJson(&fields, "keeps 1 GiB"),
            R"("event":"violating","vm":"u-1","name":"web1","tenant":"acme","tier":"fmem","operation":"0a",)"
            R"("message":"keeps 1 GiB")");
  EXPECT_THAT(
      LogJournal(&fields, "keeps 1 GiB"),
      ElementsAre("MESSAGE=vm web1 (u-1): keeps 1 GiB", "HYPERTIER_EVENT=violating", "HYPERTIER_VM=u-1",
                  "HYPERTIER_VM_NAME=web1", "HYPERTIER_TENANT=acme", "HYPERTIER_TIER=fmem", "HYPERTIER_OPERATION=0a"));
}

TEST(LogFields, WhatIsNotKnownIsLeftOut) {
  EXPECT_EQ(LogText(nullptr, "x"), "x");
  EXPECT_EQ(LogJson(nullptr, "x"), R"("message":"x")");
  EXPECT_THAT(LogJournal(nullptr, "x"), ElementsAre("MESSAGE=x"));
  LogFields fields;
  fields.tenant = "acme";
  EXPECT_EQ(LogText(&fields, "x"), "x");
  EXPECT_EQ(LogJson(&fields, "x"), R"("tenant":"acme","message":"x")");
}

TEST(LogFields, NamesOfOthersNeitherBeginALineNorEndAString) {
  const LogFields fields = Hostile();
  const std::string text = LogText(&fields, "a\nb\x1b[2J");
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text, Printable(text, text.size()));
  EXPECT_THAT(text, HasSubstr("): a b\\u{1b}[2J"));
  EXPECT_THAT(LogJournal(&fields, "a\nb"), Each(Not(HasSubstr("\n"))));
  EXPECT_THAT(LogJson(&fields, "a\nb"), HasSubstr(R"("vm":"web\"\\\u000a1\u0001\ufffd)"));
}

TEST(LogFields, JsonIsUtf8WhateverCame) {
  EXPECT_EQ(EscapeJson("a\"b\\c\nd"), "a\\\"b\\\\c\\u000ad");
  EXPECT_EQ(EscapeJson("ä€😀"), "ä€😀");
  // Overlong, a surrogate, beyond Unicode, cut short.
  EXPECT_EQ(EscapeJson("\xc0\xaf|\xed\xa0\x80|\xf4\x90\x80\x80|\xe2\x82"),
            "\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  const std::string escaped = EscapeJson(all);
  EXPECT_EQ(escaped, Printable(escaped, escaped.size()));
}

TEST(LogFields, MessagesHaveAnEnd) {
  const std::string endless(1 << 20, 'x');
  LogFields fields = SomeFields();
  fields.tenant = endless;
  EXPECT_LT(LogText(&fields, endless).size(), 10'000U);
  EXPECT_LT(LogJson(nullptr, endless).size(), 10'000U);
  for (const std::string& field : LogJournal(&fields, endless)) EXPECT_LT(field.size(), 10'000U);
}

TEST(LogAbout, HoldsForItsThreadWhileItLives) {
  EXPECT_EQ(LogAbout::Current(), nullptr);
  const LogFields outer = SomeFields();
  const LogAbout about(outer);
  {
    const LogFields inner;
    const LogAbout more(inner);
    EXPECT_EQ(LogAbout::Current(), &inner);
  }
  EXPECT_EQ(LogAbout::Current(), &outer);
}

}  // namespace
}  // namespace hypertier
