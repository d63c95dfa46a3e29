// A libcurl of the last version that is too old.
#include <curl/curl.h>

extern "C" curl_version_info_data* curl_version_info(CURLversion) {
    static curl_version_info_data data{.age = CURLVERSION_NOW, .version = "7.84.0", .version_num = 0x075400};
    return &data;
}
