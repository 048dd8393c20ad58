// SPDX-License-Identifier: Apache-2.0
#include "common/utf8.h"

#include <gtest/gtest.h>

#include <utility>

namespace hypertier {
namespace {

TEST(Printable, KeepsTextAndEscapesWhatCouldActOnATerminalOrMislead) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"1.2.3-rc1 (Grüße, 漢字, 🙂)", "1.2.3-rc1 (Grüße, 漢字, 🙂)"},
      {"a\x1b[31mred\n\r\t\x7f", "a\\u{1b}[31mred\\u{a}\\u{d}\\u{9}\\u{7f}"},
      {std::string("nul\0", 4), "nul\\u{0}"},
      {"\xc2\x9b"
       "C1",
       "\\u{9b}C1"},
      {"\xe2\x80\xae"
       "evil",
       "\\u{202e}evil"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"\xc0\xaf", "\\xc0\\xaf"},                    // overlong "/"
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond Unicode
      {"cut \xe6\xbc", "cut \\xe6\\xbc"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(Printable(text, 256), shown);
}

TEST(Printable, NeverCutsACharacterOrAnEscapeInTwo) {
  EXPECT_EQ(Printable("abcdef", 3), "abc");
  EXPECT_EQ(Printable("ab\xc3\xbc", 3), "ab");
  EXPECT_EQ(Printable("ab\n", 5), "ab");
  EXPECT_EQ(Printable(std::string(1000, '\n'), 256).size(), 255u);
}

}  // namespace
}  // namespace hypertier
