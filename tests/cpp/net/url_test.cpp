#include "net/url.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace authjwks {
namespace {

TEST(GivenAnHttpsUrl, ItIsTakenAsWritten) {
    for (const std::string_view text :
         {"https://issuer.example", "https://issuer.example/", "https://issuer.example:8443/a/b?c=d&e=%20",
          "https://127.0.0.1/", "https://[::1]:8443/keys", "HTTPS://Issuer.Example/Keys", "https://issuer.example/a@b",
          "https://issuer.example/?q"})
        for (const bool allow_http : {false, true}) {
            const auto url = Url::parse(text, allow_http);
            ASSERT_TRUE(url) << text;
            EXPECT_EQ(url->text(), text);
            EXPECT_TRUE(url->is_secure());
        }
}

TEST(GivenAnHttpUrl, ItIsTakenJustWhereThatIsAllowed) {
    EXPECT_FALSE(Url::parse("http://127.0.0.1:8000/keys", false));
    const auto url = Url::parse("http://127.0.0.1:8000/keys", true);
    ASSERT_TRUE(url);
    EXPECT_FALSE(url->is_secure());
}

TEST(GivenAnotherScheme, ItIsRefused) {
    for (const std::string_view text :
         {"ftp://issuer.example/", "file:///etc/passwd", "gopher://issuer.example/", "ldap://x/", "data:,x",
          "javascript:0", "httpss://x/", "urn:x", "https", "https:"})
        EXPECT_FALSE(Url::parse(text, true)) << text;
}

TEST(GivenTextThatIsNoAbsoluteUrl, ItIsRefused) {
    for (const std::string_view text : {"", "/keys", "keys", "//issuer.example/keys", "issuer.example",
                                        "issuer.example/keys", "?x", "://issuer.example", ":"})
        EXPECT_FALSE(Url::parse(text, true)) << text;
}

TEST(GivenAnotherNumberOfSlashes, ItIsRefused) {
    for (const std::string_view text :
         {"https:issuer.example/", "https:/issuer.example/", "https:///issuer.example/", "https:////issuer.example/"})
        EXPECT_FALSE(Url::parse(text, true)) << text;
}

TEST(GivenNoHost, ItIsRefused) {
    for (const std::string_view text : {"https://", "https:///", "https://?x", "https://:443/"})
        EXPECT_FALSE(Url::parse(text, true)) << text;
}

TEST(GivenUserInformation, ItIsRefused) {
    for (const std::string_view text :
         {"https://user@issuer.example/", "https://user:secret@issuer.example/", "https://@issuer.example/",
          "https://:@issuer.example/", "https://issuer.example\\@evil.example/"})
        EXPECT_FALSE(Url::parse(text, true)) << text;
}

TEST(GivenAFragment, ItIsRefused) {
    for (const std::string_view text : {"https://issuer.example/#", "https://issuer.example/#x",
                                        "https://issuer.example#x", "https://issuer.example/?x#y"})
        EXPECT_FALSE(Url::parse(text, true)) << text;
}

TEST(GivenAPortThatIsNone, ItIsRefused) {
    for (const std::string_view text :
         {"https://issuer.example:99999/", "https://issuer.example:x/", "https://issuer.example:-1/"})
        EXPECT_FALSE(Url::parse(text, true)) << text;
}

TEST(GivenBytesThatCannotBePrinted, ItIsRefused) {
    for (int byte = 0; byte < 256; ++byte) {
        if (byte > ' ' && byte < 0x7F) continue;
        const char letter = static_cast<char>(byte);
        EXPECT_FALSE(Url::parse(std::string("https://issuer.example/a") + letter + "b", true)) << byte;
        EXPECT_FALSE(Url::parse(std::string("https://issuer") + letter + ".example/", true)) << byte;
        EXPECT_FALSE(Url::parse(std::string("https://issuer.example/") + letter, true)) << byte;
        EXPECT_FALSE(Url::parse(letter + std::string("https://issuer.example/"), true)) << byte;
    }
}

TEST(GivenALongUrl, ItMayHave2048Bytes) {
    const std::string start = "https://issuer.example/";
    EXPECT_TRUE(Url::parse(start + std::string(2048 - start.size(), 'a'), false));
    EXPECT_FALSE(Url::parse(start + std::string(2049 - start.size(), 'a'), false));
}

}  // namespace
}  // namespace authjwks
