#include "base/json.hpp"

#include <cstring>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

constexpr std::size_t kDepth = 32;

bool accepts(std::string_view text) { return json::Document(kDepth).parse(text).has_value(); }

std::string nested(std::size_t depth, std::string_view open, std::string_view innermost, std::string_view close) {
    std::string text;
    for (std::size_t level = 0; level < depth; ++level) text += open;
    text += innermost;
    for (std::size_t level = 0; level < depth; ++level) text += close;
    return text;
}

class GivenADepthBound : public ::testing::TestWithParam<std::size_t> {
  protected:
    json::Document document{GetParam()};
};

TEST_P(GivenADepthBound, ThatManyOpenAtOnceAreParsed) {
    EXPECT_TRUE(document.parse(nested(GetParam(), "[", "", "]"))) << "with nothing inside";
    EXPECT_TRUE(document.parse(nested(GetParam(), "[", "1", "]"))) << "with a number inside";
    EXPECT_TRUE(document.parse(nested(GetParam(), R"({"a":)", "1", "}"))) << "objects";
    EXPECT_TRUE(document.parse(nested(GetParam() + 1, "[", "", "]"))) << "the innermost holds nothing";
}

TEST_P(GivenADepthBound, OneFewerIsParsed) {
    EXPECT_TRUE(document.parse(nested(GetParam() - 1, "[", "1", "]")));
    EXPECT_TRUE(document.parse(nested(GetParam() - 1, R"({"a":)", "1", "}")));
    EXPECT_TRUE(document.parse(nested((GetParam() - 1) / 2, R"({"a":[)", "1", "]}")));
}

TEST_P(GivenADepthBound, OneMoreIsRefused) {
    EXPECT_FALSE(document.parse(nested(GetParam() + 2, "[", "", "]")));
    EXPECT_FALSE(document.parse(nested(GetParam() + 1, "[", "1", "]")));
    EXPECT_FALSE(document.parse(nested(GetParam() + 1, R"({"a":)", "1", "}")));
}

TEST_P(GivenADepthBound, SiblingsDoNotCount) {
    std::string text = "[";
    for (int i = 0; i < 100; ++i) text += "[[1],{}],";
    EXPECT_TRUE(document.parse(text + "0]"));
}

TEST_P(GivenADepthBound, ATextThatOnlyOpensIsRefused) { EXPECT_FALSE(document.parse(std::string(100'000, '['))); }

INSTANTIATE_TEST_SUITE_P(, GivenADepthBound, ::testing::Values(16, 32), ::testing::PrintToStringParamName());

TEST(GivenOneJsonValue, ParseTakesIt) {
    for (const std::string_view text : {"{}", "[]", "null", "true", "1", "-0", "1.5e3", R"("x")", " \t\r\n{} "})
        EXPECT_TRUE(accepts(text)) << text;
}

TEST(GivenNoText, ParseRefuses) {
    EXPECT_FALSE(accepts(""));
    EXPECT_FALSE(accepts("   "));
    json::Document unused(kDepth);
    EXPECT_EQ(unused.room(0).size(), 0U);
    EXPECT_FALSE(unused.parse(std::size_t{0}));
}

TEST(GivenTextThatIsNotJson, ParseRefuses) {
    for (const std::string_view text :
         {"{",       "[1,]",  R"({"a":1,})", R"({"a" 1})", R"({a:1})",  "'a'",       "01",        "+1",
          ".5",      "1.",    "0x1",         "tru",        "NaN",       "Infinity",  "-Infinity", "undefined",
          "// x\n1", "/**/1", "\"\t\"",      "\"a\nb\"",   R"("\x41")", R"("\u12")", "]"})
        EXPECT_FALSE(accepts(text)) << text;
}

TEST(GivenMoreThanOneValue, ParseRefuses) {
    for (const std::string_view text : {"1 2", "{}{}", "{} x", "[]]", "{},"}) EXPECT_FALSE(accepts(text)) << text;
    EXPECT_FALSE(accepts(std::string_view("{}\0", 3))) << "a NUL is no blank";
    EXPECT_FALSE(accepts("\xEF\xBB\xBF{}")) << "neither is a byte order mark";
}

TEST(GivenAByteOrderMarkInFront, ParseRefuses) {
    json::Document document(16);
    EXPECT_FALSE(document.parse("\xEF\xBB\xBF{}"));
    EXPECT_TRUE(document.parse("\"\xEF\xBB\xBF\""));
}

TEST(GivenTextThatIsNotUtf8, ParseRefuses) {
    for (const std::string_view text :
         {"\"\xFF\"", "\"\x80\"", "\"\xC0\x80\"", "\"\xC3\"", "\"\xE2\x82\"", "\"\xED\xA0\x80\"",
          "\"\xF4\x90\x80\x80\"", "\"\xF8\x88\x80\x80\x80\"", "{\"\xFF\":1}"})
        EXPECT_FALSE(accepts(text)) << text;
}

TEST(GivenHalfASurrogatePair, ParseRefuses) {
    for (const std::string_view text : {R"("\uD800")", R"("\uDC00")", R"("\uD800\u0041")", R"("\uD800\uD800")",
                                        R"("\uDC00\uD800")", R"({"\uD800":1})"})
        EXPECT_FALSE(accepts(text)) << text;
}

TEST(GivenAWholeSurrogatePair, ParseYieldsItsCharacter) {
    json::Document document(kDepth);
    const auto value = document.parse(R"("\uD83D\uDE00")");
    ASSERT_TRUE(value);
    EXPECT_EQ(json::text_of(*value), "\xF0\x9F\x98\x80");
}

TEST(GivenNumbersAtTheirBounds, ParseTakesThem) {
    for (const std::string_view text :
         {"18446744073709551615", "-9223372036854775808", "1.7976931348623157e308", "1e-400"})
        EXPECT_TRUE(accepts(text)) << text;
}

TEST(GivenNumbersBeyondTheirBounds, ParseRefusesThem) {
    for (const std::string_view text :
         {"18446744073709551616", "-9223372036854775809", "1e400", "-1e400", "1.8e308", R"({"exp":1e400})"})
        EXPECT_FALSE(accepts(text)) << text;
    EXPECT_FALSE(accepts('1' + std::string(400, '0')));
}

TEST(GivenAFailedParse, TheDocumentParsesTheNextText) {
    json::Document document(kDepth);
    for (const std::string& bad : {std::string(), std::string("{"), std::string("\"\xFF\""), std::string(100, '['),
                                   std::string("1e400"), std::string("[1,")}) {
        SCOPED_TRACE(bad);
        EXPECT_FALSE(document.parse(bad));
        const auto value = document.parse(R"({"a":"b"})");
        ASSERT_TRUE(value);
        EXPECT_EQ(json::text_of(value->at_key("a").value()), "b");
    }
}

TEST(GivenTextsOfChangingSize, TheDocumentParsesEach) {
    json::Document document(kDepth);
    for (const std::size_t size : {1U, 100U, 1U << 20, 3U, 70'000U, (1U << 20) + 1, 0U}) {
        const auto value = document.parse('"' + std::string(size, 'x') + '"');
        ASSERT_TRUE(value) << size;
        EXPECT_EQ(json::text_of(*value), std::string(size, 'x'));
    }
}

TEST(GivenALongerTextBefore, NothingOfItIsRead) {
    json::Document document(kDepth);
    ASSERT_TRUE(document.parse("123456789012345678"));

    const auto value = document.parse("12");

    ASSERT_TRUE(value);
    EXPECT_EQ(value->get_int64().value(), 12);
    EXPECT_FALSE(document.parse("[1")) << "the older text must not close it";
}

TEST(GivenRoomThatWasFilled, ParseReadsOnlyTheGivenSize) {
    json::Document document(kDepth);
    const auto room = document.room(8);
    ASSERT_EQ(room.size(), 8U);
    std::memcpy(room.data(), "[1,2],3]", 8);

    EXPECT_FALSE(document.parse(8));
    EXPECT_TRUE(document.parse(5));
}

TEST(GivenRoomForLess, TheSameMemoryIsLentAgain) {
    json::Document document(kDepth);
    const char* const first = document.room(1000).data();

    EXPECT_EQ(document.room(1000).data(), first);
    EXPECT_EQ(document.room(1).data(), first);
}

/// An object of `count` members m0, m1, ..., with `last` written as the last member.
std::string object_of(std::size_t count, std::string_view last) {
    std::string text = "{";
    for (std::size_t i = 0; i + 1 < count; ++i) text += "\"m" + std::to_string(i) + "\":" + std::to_string(i) + ",";
    return text.append(last) + "}";
}

bool distinct_at_the_top(std::string_view text) {
    json::Document document(kDepth);
    return json::names_are_distinct(document.parse(text)->get_object().value());
}

bool distinct_everywhere(std::string_view text) {
    json::Document document(kDepth);
    return json::members_are_distinct(*document.parse(text));
}

// 24 and 25 stand on both sides of the bound between the two ways of searching.
class GivenAnObjectOfManyMembers : public ::testing::TestWithParam<std::size_t> {};

TEST_P(GivenAnObjectOfManyMembers, DistinctNamesAreDistinct) {
    EXPECT_TRUE(distinct_at_the_top(object_of(GetParam(), R"("last":1)")));
}

TEST_P(GivenAnObjectOfManyMembers, ANameGivenTwiceIsFound) {
    const std::string before_last = "m" + std::to_string(GetParam() - 2);
    EXPECT_FALSE(distinct_at_the_top(object_of(GetParam(), R"("m0":1)")));
    EXPECT_FALSE(distinct_at_the_top(object_of(GetParam(), '"' + before_last + "\":1")));
    EXPECT_FALSE(distinct_at_the_top(object_of(GetParam(), R"("\u006D\u0030":1)"))) << "however it is escaped";
}

INSTANTIATE_TEST_SUITE_P(, GivenAnObjectOfManyMembers, ::testing::Values(2, 23, 24, 25, 26, 1000),
                         ::testing::PrintToStringParamName());

TEST(GivenNamesThatOnlyLookAlike, TheyAreDistinct) {
    EXPECT_TRUE(distinct_at_the_top(R"({"exp":1,"Exp":2,"exp ":3,"ex":4,"":5})"));
    EXPECT_TRUE(distinct_at_the_top(R"({"a":1,"a\u0000":2})"));
    EXPECT_TRUE(distinct_at_the_top("{\"\xC3\xA4\":1,\"a\xCC\x88\":2}")) << "no Unicode normalisation";
    EXPECT_TRUE(distinct_at_the_top("{}"));
}

TEST(GivenNamesThatAreTheSame, TheyAreFound) {
    EXPECT_FALSE(distinct_at_the_top(R"({"":1,"":1})"));
    EXPECT_FALSE(distinct_at_the_top(R"({"a\u0000":1,"a\u0000":2})"));
    EXPECT_FALSE(distinct_at_the_top(R"({"a\/b":1,"a/b":2})"));
    EXPECT_FALSE(distinct_at_the_top("{\"\xF0\x9F\x98\x80\":1,\"\\uD83D\\uDE00\":2}"));
}

TEST(GivenADuplicateFurtherIn, OnlyTheDeepLookSeesIt) {
    for (const std::string_view text :
         {R"({"a":{"b":1,"b":2}})", R"({"a":[1,{"b":1,"b":2}]})", R"({"x":0,"a":[[{"c":{"b":1,"\u0062":2}}]]})"}) {
        SCOPED_TRACE(text);
        EXPECT_TRUE(distinct_at_the_top(text));
        EXPECT_FALSE(distinct_everywhere(text));
    }
    EXPECT_FALSE(distinct_everywhere(R"([{"a":1,"a":1}])"));
}

TEST(GivenTheSameNameInTwoObjects, ItIsNoDuplicate) {
    EXPECT_TRUE(distinct_everywhere(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]})"));
}

TEST(GivenNoObjectAtAll, ItsMembersAreDistinct) {
    for (const std::string_view text : {"1", "null", R"("a")", "[]", "[1,2]"}) EXPECT_TRUE(distinct_everywhere(text));
}

TEST(GivenAString, TextOfYieldsItUnescaped) {
    json::Document document(kDepth);
    EXPECT_EQ(json::text_of(*document.parse(R"("a\n\u0000b")")), std::string_view("a\n\0b", 4));
    EXPECT_EQ(json::text_of(*document.parse(R"("")")), "");
}

TEST(GivenAnythingElse, TextOfYieldsNothing) {
    json::Document document(kDepth);
    for (const std::string_view text : {"1", "null", "true", "[\"a\"]", R"({"a":"b"})"})
        EXPECT_FALSE(json::text_of(*document.parse(text))) << text;
}

}  // namespace
}  // namespace authjwks
