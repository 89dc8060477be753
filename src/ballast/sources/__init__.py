"""Sources of images: files, arrays and embedded data sets, and the lists that divide them."""
