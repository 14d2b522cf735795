# The verbs that every target is made with, so that none forgets the standard, the warnings or a label.

function(_faultline_rules target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Werror)
  # GCC 12 sees overlaps in "text" + std::string that are not there (its bug 105651), with -O2 and more.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(${target} PRIVATE -Wno-restrict)
  endif()
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  if(FAULTLINE_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${FAULTLINE_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${FAULTLINE_SANITIZE})
    # GCC 12 takes members of std::stop_token for uninitialised once checks are woven in.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
    endif()
    # Asio's fences are in headers only; GCC says that the thread sanitizer cannot see them.
    if(FAULTLINE_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-tsan)
    endif()
    # With its check of function types Clang 14 cannot emit Asio's coroutines.
    if(FAULTLINE_SANITIZE MATCHES "undefined" AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      target_compile_options(${target} PRIVATE -fno-sanitize=function)
    endif()
  endif()
endfunction()

# Under a sanitizer half of the compiler's time went into the same few headers. Only there: what users run is
# built from what each file includes, and so a file that forgets one does not compile.
if(FAULTLINE_SANITIZE AND FAULTLINE_TESTS AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cpp "// Carries the precompiled header.\n")
  add_library(faultline_precompiled OBJECT EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/precompiled.cpp)
  _faultline_rules(faultline_precompiled)
  target_compile_options(faultline_precompiled PRIVATE -Xclang -fno-pch-timestamp)
  target_precompile_headers(faultline_precompiled PRIVATE ${PROJECT_SOURCE_DIR}/cmake/precompiled.hpp)
  target_link_libraries(faultline_precompiled PRIVATE nlohmann_json::nlohmann_json spdlog::spdlog GTest::gmock Threads::Threads)
endif()

function(_faultline_precompiled target)
  if(TARGET faultline_precompiled)
    target_precompile_headers(${target} REUSE_FROM faultline_precompiled)
    target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
  endif()
endfunction()

# faultline_library(name SOURCES ... LINKS ...)
function(faultline_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC EXCLUDE_FROM_ALL ${ARG_SOURCES})
  _faultline_rules(${name})
  _faultline_precompiled(${name})
  target_link_libraries(${name} PUBLIC ${ARG_LINKS})
endfunction()

# faultline_program(target OUTPUT file-name SOURCES ... LINKS ...)
function(faultline_program name)
  cmake_parse_arguments(ARG "" "OUTPUT" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _faultline_rules(${name})
  _faultline_precompiled(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${ARG_OUTPUT}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  if(FAULTLINE_SANITIZE)
    # There "all" is the tests; ask for a program by its name.
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)
  endif()
endfunction()

# faultline_test(name LABEL unit|scenario|contract SOURCES ... LINKS ...): one GoogleTest binary.
function(faultline_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  _faultline_rules(${name})
  _faultline_precompiled(${name})
  target_compile_definitions(${name} PRIVATE FAULTLINE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 1200)
endfunction()

# faultline_steps_much(library test): one thread lives through hours of a cluster, which at -O0 under a sanitizer
# takes minutes; under the thread sanitizer it is left out, for there is nothing to see.
function(faultline_steps_much library test)
  if(FAULTLINE_SANITIZE)
    foreach(target IN ITEMS ${library} ${test})
      target_compile_options(${target} PRIVATE -O1)
      # What was precompiled at -O0 does not fit.
      set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
    endforeach()
  endif()
  if(FAULTLINE_SANITIZE MATCHES "thread")
    set_target_properties(${test} PROPERTIES EXCLUDE_FROM_ALL TRUE)
    set_tests_properties(${test} PROPERTIES DISABLED TRUE)
  endif()
endfunction()
