#include "base/lenient_json.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace authjwks::json {
namespace {

struct Read {
    std::string text;  // the value in compact form, or "" for none
    Tolerated tolerated;
};

Read read(std::string_view text) {
    Document document(16);
    Read read;
    if (const auto value = parse_leniently(document, text, read.tolerated)) read.text = simdjson::minify(*value);
    return read;
}

TEST(GivenStrictJson, ItIsReadUnchangedAndNothingIsReported) {
    for (const std::string_view text : {R"({"a":[1,-2.5,1e3,18446744073709551615,"12345678901234567890123"]})", "0"}) {
        const Read strict = read(text);
        EXPECT_NE(strict.text, "") << text;
        EXPECT_FALSE(strict.tolerated.byte_order_mark || strict.tolerated.number_out_of_range);
    }
}

TEST(GivenAByteOrderMark, ItIsSkipped) {
    const Read marked = read("\xEF\xBB\xBF{\"a\":1}");
    EXPECT_EQ(marked.text, R"({"a":1})");
    EXPECT_TRUE(marked.tolerated.byte_order_mark);
    for (const std::string_view other :
         {"\xEF\xBB\xBF\xEF\xBB\xBF{}", "\xEF\xBB{}", "\xFF\xFE{}", "{}\xEF\xBB\xBF", "\xEF\xBB\xBF"})
        EXPECT_EQ(read(other).text, "") << other;
}

TEST(GivenNumbersOutOfRange, EachIsReadAsZero) {
    for (const std::string_view number :
         {"123456789012345678901234567890", "-123456789012345678901234567890", "18446744073709551616",
          "-9223372036854775809", "1e400", "-1e400", "1.5E+999", "123456789012345678901234567890.5e300"}) {
        const Read odd = read("{\"a\":" + std::string(number) + ",\"b\":[" + std::string(number) + ",1]}");
        EXPECT_EQ(odd.text, R"({"a":0,"b":[0,1]})") << number;
        EXPECT_TRUE(odd.tolerated.number_out_of_range) << number;
    }
}

TEST(GivenNumbersOutOfRange, StringsAreUnchanged) {
    EXPECT_EQ(read(R"({"1e999":"1e999 \" 1e999 \\","a":1e999,"eE-+.":true})").text,
              R"({"1e999":"1e999 \" 1e999 \\","a":0,"eE-+.":true})");
}

TEST(GivenWhatIsNoJson, ItIsRefused) {
    for (const std::string_view text :
         {"", "{", "1e999 1", "{\"a\":1e999", "{\"a\":01e999}", "{\"a\":1e999.}", "{\"a\":+1e999}", "{\"a\":.1e999}",
          "{\"a\":1e}", "{\"a\":--123456789012345678901234567890}", "\"1e999", "{\"a\":\"\\", "1e999}"})
        EXPECT_EQ(read(text).text, "") << text;
}

TEST(GivenAMebibyteOfDigits, ItIsReadInOneGo) {
    EXPECT_EQ(read("[" + std::string(std::size_t{1} << 20, '7') + "]").text, "[0]");
    EXPECT_EQ(read("[0." + std::string(std::size_t{1} << 20, '7') + "e999]").text, "[0]");
}

}  // namespace
}  // namespace authjwks::json
