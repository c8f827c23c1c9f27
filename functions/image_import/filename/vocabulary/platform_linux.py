"""The systems that ImportImage's platform lists name.

Sources:
    "ImportImage", ECS API 2014-05-26, Platform, read 2026-11: the values.
    distro-info-data 0.58 (Debian package), ubuntu.csv and debian.csv: codenames. Those
    of Debian that people also give to machines (buzz, rex, woody, sid) are left out.
    "List of os-release values", gist.github.com/aslushnikov/8ceddb8288e4cf9db3039c02,
    read 2026-11: short identifiers (rhel, sles ...).
    "CentOS Stream", Wikipedia, read 2026-11: versions 9 and 10 exist as Stream only.
    "Specify images for ECS instances", ROS, Alibaba Cloud documentation (doc-detail
    66902), read 2026-11: IDs as centos_6_09_64_20G_alibase. That aliyun_2_ and
    aliyun_3_ begin those of Alibaba Cloud Linux, while elsewhere the word names the
    cloud, was observed in tests/data/image-names.jsonl.
    "Debian GNU/Hurd" and "Debian GNU/kFreeBSD", debian.org/ports: other kernels.
    Common knowledge, no page read: the Chinese names of Kylin, UOS, Anolis, Red Hat.
"""

from image_import.filename.vocabulary.entry import OTHERS_LINUX, System

LISTED = (
    System(
        name="Ubuntu",
        family="ubuntu",
        platforms=("Ubuntu", OTHERS_LINUX),
        words=(
            "ubuntu", "kubuntu", "xubuntu", "lubuntu", "edubuntu", "mythbuntu",
            "gobuntu", "ubuntu kylin", "ubuntu mate", "ubuntu budgie", "ubuntu studio",
            "ubuntu gnome", "ubuntu unity", "ubuntu cinnamon", "ubuntu core",
            "ubuntu server", "ubuntu touch", "乌班图", "优麒麟",
            # Whole names of releases, whose first words alone may be anything.
            "warty warthog", "hoary hedgehog", "breezy badger", "dapper drake",
            "edgy eft", "feisty fawn", "gutsy gibbon", "hardy heron", "intrepid ibex",
            "jaunty jackalope", "karmic koala", "lucid lynx", "maverick meerkat",
            "natty narwhal", "oneiric ocelot", "precise pangolin", "quantal quetzal",
            "raring ringtail", "saucy salamander", "trusty tahr", "utopic unicorn",
            "vivid vervet", "wily werewolf", "xenial xerus", "yakkety yak",
            "zesty zapus", "artful aardvark", "bionic beaver", "cosmic cuttlefish",
            "disco dingo", "eoan ermine", "focal fossa", "groovy gorilla",
            "hirsute hippo", "impish indri", "jammy jellyfish", "kinetic kudu",
            "lunar lobster", "mantic minotaur", "noble numbat", "oracular oriole",
            "plucky puffin", "questing quokka", "resolute raccoon",
        ),
        codenames=(
            # Nobody else's: a release whose name is not known yet.
            "server cloudimg", "minimal cloudimg",
            "warty", "gutsy", "jaunty", "oneiric", "quantal", "raring", "utopic",
            "yakkety", "zesty", "xenial", "bionic", "eoan", "hirsute", "jammy",
        ),
        plain_codenames=(
            "hoary", "breezy", "dapper", "edgy", "feisty", "hardy", "intrepid",
            "karmic", "lucid", "maverick", "natty", "precise", "saucy", "trusty",
            "vivid", "wily", "artful", "cosmic", "disco", "focal", "groovy", "impish",
            "kinetic", "lunar", "mantic", "noble", "oracular", "plucky", "questing",
            "resolute",
        ),
    ),
    System(
        name="Debian",
        family="debian",
        platforms=("Debian", OTHERS_LINUX),
        words=("debian", "deb9", "deb10", "deb11", "deb12", "deb13"),
        # Ports of Debian to other kernels are no Linux.
        narrowed_by=(("hurd", "GNU Hurd"), ("kfreebsd", "Debian GNU/kFreeBSD")),
        codenames=("wheezy", "jessie", "bullseye", "bookworm", "trixie"),
        plain_codenames=( "sarge", "etch", "lenny",
            "squeeze", "stretch", "buster", "forky",
        ),
    ),
    System(
        name="CentOS",
        family="centos",
        platforms=("CentOS", OTHERS_LINUX),
        words=("cent os", "cent5", "cent6", "cent7", "cent8"),
        # The first number after the name is the version: centos63 is CentOS 6.3.
        narrowed_by=(
            ("stream", "CentOS Stream"),
            ("9", "CentOS Stream"),
            ("10", "CentOS Stream"),
        ),
    ),
    System(
        name="CentOS Stream",
        family="centos-stream",
        platforms=("CentOS Stream", "CentOS", OTHERS_LINUX),
        words=("centos stream", "c8s", "c9s", "c10s"),
    ),
    System(
        name="CoreOS Container Linux",
        family="coreos",
        platforms=("CoreOS", OTHERS_LINUX),
        words=("core os", "container linux"),
    ),
    System(
        name="Fedora CoreOS",
        family="fedora-coreos",
        platforms=("Fedora CoreOS", "CoreOS", OTHERS_LINUX),
        words=("fedora coreos",),
    ),
    System(
        # The short name does not say CoreOS, which the older list takes literally.
        name="Fedora CoreOS (fcos)",
        family="fedora-coreos",
        platforms=("Fedora CoreOS", OTHERS_LINUX),
        words=("fcos",),
    ),
    System(
        name="Red Hat CoreOS",
        family="rhcos",
        words=("rhcos", "rhel coreos", "red hat coreos", "scos", "stream coreos",
               "centos stream coreos"),
    ),
    System(
        name="Alibaba Cloud Linux",
        family="aliyun",
        platforms=("Aliyun", OTHERS_LINUX),
        words=(
            "alinux", "alinux2", "alinux3", "aliyun linux",
            "alibaba cloud linux", "alibaba linux", "aliyun os", "阿里云 linux",
        ),
        first_words=("aliyun 2", "aliyun 3", "aliyun 4", "aliyun 17"),
    ),
    System(
        name="Anolis OS",
        family="anolis",
        platforms=("Anolis", OTHERS_LINUX),
        words=("anolis", "anolis os", "open anolis", "龙蜥"),
    ),
    System(
        name="SUSE Linux Enterprise",
        family="suse",
        platforms=("SUSE", OTHERS_LINUX),
        words=(
            "suse", "sles", "slem", "sle micro", "sl micro",
            "suse linux", "suse linux enterprise", "caasp", "suse manager",
        ),
        ordinary_words=("sle", "sled"),
        majors=("9", "10", "11", "12", "15", "16"),
        narrowed_by=(
            ("leap", "openSUSE"), ("tumbleweed", "openSUSE"), ("microos", "openSUSE"),
        ),
    ),
    System(
        name="openSUSE",
        family="opensuse",
        platforms=("OpenSUSE", OTHERS_LINUX),
        words=(
            "open suse", "microos", "opensuse leap", "opensuse tumbleweed",
            "leap micro", "leap 15", "leap 16",
        ),
        ordinary_words=("tumbleweed",),
        first_words=("leap", "kubic", "aeon", "kalpa", "slowroll"),
    ),
    System(
        name="Red Hat Enterprise Linux",
        family="rhel",
        platforms=("RedHat", OTHERS_LINUX),
        words=("rhel", "red hat", "redhat enterprise linux", "rhel atomic", "红帽"),
        narrowed_by=(("coreos", "Red Hat CoreOS"),),
    ),
    System(
        name="Kylin",
        family="kylin",
        platforms=("Kylin", OTHERS_LINUX),
        words=(
            "kylin os", "ky10", "neo kylin", "yhkylin", "galaxy kylin", "kylin server",
            "kylin desktop", "kylin linux", "银河麒麟", "中标麒麟", "麒麟",
        ),
        ordinary_words=("kylin",),
        # Below 7 it is Apache Kylin, or written as in V4.
        majors=("7", "10", "11"),
        not_with=frozenset({
            "apache", "olap", "bi", "cube", "cubes", "hadoop", "spark", "hive", "hbase",
        }),
    ),
    System(
        name="UOS",
        family="uos",
        platforms=("UOS", OTHERS_LINUX),
        words=("uos", "union tech", "uniontech os", "统信"),
    ),
    System(
        name="Fedora",
        family="fedora",
        platforms=("Fedora", OTHERS_LINUX),
        words=(
            "fedora", "silverblue", "kinoite", "fedora server", "fedora cloud",
            "fedora core", "fc1", "fc2", "fc3", "fc4", "fc5", "fc6",
        ),
        narrowed_by=(("coreos", "Fedora CoreOS"),),
    ),
    System(
        name="AlmaLinux",
        family="almalinux",
        platforms=("AlmaLinux", OTHERS_LINUX),
        words=("alma linux", "alma linux kitten"),
        ordinary_words=("alma",),
        majors=("8", "9", "10"),
    ),
    System(
        name="Rocky Linux",
        family="rocky",
        platforms=("Rocky Linux", OTHERS_LINUX),
        words=("rocky linux",),
        ordinary_words=("rocky",),
        majors=("8", "9", "10"),
    ),
    System(
        name="Gentoo",
        family="gentoo",
        platforms=("Gentoo", OTHERS_LINUX),
        words=("gentoo linux",),
        ordinary_words=("gentoo",),
        majors=("20",),
    ),
    System(
        name="FreeBSD",
        family="freebsd",
        os_type=None,
        platforms=("FreeBSD",),
        words=("free bsd", "fbsd"),
    ),
)  # fmt: skip
